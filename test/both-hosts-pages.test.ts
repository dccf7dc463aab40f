import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type HostileApi, startHostileApi } from './support/hostile-api.ts'
import { pageStatus } from './support/page-status.ts'
import { type RawAnswer, rawRequest } from './support/raw-http.ts'
import { type ScriptedProvider, startScriptedProvider } from './support/scripted-provider.ts'
import { type RunningCloakroom, startCloakroom } from './support/start-cloakroom.ts'

const directory = mkdtempSync(join(tmpdir(), 'cloakroom-pages-'))
let provider: ScriptedProvider
let api: HostileApi

before(async () => {
  provider = await startScriptedProvider()
  api = await startHostileApi()
  const remotes = { api: { target: `${api.origin}/v1`, token: 'none' } }
  const config = { remotes, spa: { protectedPages: ['/'] } }
  writeFileSync(join(directory, 'bff.json'), JSON.stringify(config))
})
after(async () => {
  await provider.close()
  api.close()
  rmSync(directory, { recursive: true })
})

const handshake = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13']
const refusedHandshakes: [number, string, string[]][] = [
  [404, 'GET /nothing', handshake],
  [404, 'GET /api/remote/api/x', handshake],
  [404, 'GET /api/remote/nothing/x', handshake],
]

/** A public origin on https, with every page behind the gate. */
for (const host of ['node', 'next'] as const) {
  describe(`pages on the ${host} host`, () => {
    let running: RunningCloakroom

    before(async () => {
      running = await startCloakroom({
        host,
        env: {
          OIDC_ISSUER: provider.issuer,
          OIDC_CLIENT_ID: provider.clientId,
          OIDC_CLIENT_SECRET: provider.clientSecret,
          BFF_BASE_URL: 'https://app.example.test',
          BFF_CONFIG_FILE: join(directory, 'bff.json'),
        },
      })
    })
    after(() => running.stop('SIGKILL'))

    /** Somebody who is not signed in follows a link on another site. */
    const follow = (target: string) =>
      rawRequest(
        running.port,
        `GET ${target} HTTP/1.1\r\nHost: app.example.test\r\nAccept: text/html\r\n` +
          'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n' +
          'Connection: close\r\n\r\n',
      )

    /** The cookie of somebody who signed in. */
    async function signIn(): Promise<string> {
      const cookies = ({ rawHeaders }: RawAnswer) =>
        rawHeaders.flatMap(([name, value]) =>
          name.toLowerCase() === 'set-cookie' && !value.includes('Max-Age=0')
            ? [value.slice(0, value.indexOf(';'))]
            : [],
        )
      const begun = await send('GET /bff/login', [])
      const { pathname, search } = await provider.approve(begun.headers.location ?? '')
      const back = await send(`GET ${pathname}${search}`, [`Cookie: ${cookies(begun).join('; ')}`])
      assert.equal(back.status, 303, back.body)
      return cookies(back).join('; ')
    }

    const send = (line: string, more: string[], body = '') => {
      const lines = ['Host: app.example.test', 'Connection: close', ...more]
      return rawRequest(running.port, `${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
    }

    test('A6: every answer over https says HSTS and nosniff, once', async () => {
      const [chunk] = readdirSync(join(import.meta.dirname, '../.next/static/chunks'))
      const page = ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Dest: document', 'Accept: text/html']
      const expected: [number, string, string[]?][] = [
        [pageStatus('/'), 'GET /', page],
        [404, 'GET /nothing', page],
        [200, 'GET /icon.svg'],
        [200, `GET /_next/static/chunks/${chunk}`],
        [404, 'GET /_next/static/nothing.js'],
        [404, 'GET /api/nothing'],
        [200, 'GET /bff/user'],
        [403, 'GET /bff/user', ['Sec-Fetch-Site: cross-site']],
        [302, 'GET /bff/login'],
        [204, 'GET /bff/login', ['Sec-Purpose: prefetch']],
        [400, 'GET /bff/login?returnUrl=//x', page],
        [404, 'GET /bff/nothing'],
        [405, 'DELETE /bff/user'],
        [200, 'GET /api/remote/api/x'],
        [404, 'GET /api/remote/nothing/x'],
        [400, 'GET /api/remote/api/%2e%2e/x'],
        [403, 'POST /api/remote/api/x', ['Sec-Fetch-Site: cross-site', 'Content-Length: 0']],
        ...(host === 'node' ? refusedHandshakes : []),
      ]
      const cookie = await signIn()
      for (const [status, line, more = ['Sec-Fetch-Site: same-origin']] of expected) {
        const answer = await send(line, [`Cookie: ${cookie}`, ...more])
        assert.equal(answer.status, status, `${line}: ${answer.body.slice(0, 200)}`)
        for (const [name, value] of [
          ['strict-transport-security', 'max-age=31536000'],
          ['x-content-type-options', 'nosniff'],
        ] as const) {
          const values = answer.rawHeaders.filter(([found]) => found.toLowerCase() === name)
          assert.deepEqual(
            values.map(([, found]) => found),
            [value],
            `${name} of ${line}`,
          )
        }
      }
      const policy = String(
        (await send('GET /', [`Cookie: ${cookie}`, ...page])).headers['content-security-policy'],
      )
      assert.match(policy, /; img-src 'self' data:;/)
      assert.ok(policy.includes(`; frame-src 'self' ${new URL(provider.issuer).origin};`), policy)
      assert.match(policy, /; frame-ancestors 'none';/)
    })

    test('P29: a foreign link is opened again for a page only', async () => {
      api.forget()
      const page = await follow('/account?tab=1')
      assert.equal(page.status, 200)
      assert.match(page.body, /data-on="\/account\?tab=1"/)
      for (const target of [
        ...['/_next/data/x/api/remote/api/delete-all.json?id=1', '/_next/data/x/account.json'],
        ...['/%61pi/remote/api/delete-all?id=1', '/api%2fremote/api/delete-all', '/bff'],
        ...['/_next/data/x/bff/logout.json', '/_next/data/x', '/_next/x', '/API/remote/api/x'],
      ]) {
        const { status, headers, body } = await follow(target)
        assert.ok(status >= 400 && status < 500, `${target}: ${status}`)
        assert.doesNotMatch(body, /data-on=|<script|<a /, target)
        assert.equal(headers.location, undefined, target)
      }
      assert.deepEqual(api.seen, [])
    })

    test('P29: the gate leads to the sign-in of the public origin', async () => {
      const page = ['Sec-Fetch-Site: none', 'Sec-Fetch-Dest: document', 'X-Forwarded-Host: other']
      const { status, headers } = await send('GET /account?tab=1', page)
      const login = 'https://app.example.test/bff/login?returnUrl=%2Faccount%3Ftab%3D1'
      assert.deepEqual([status, headers.location], [302, login])
    })

    test('P29: a sign-in leads back to a page only', async () => {
      for (const path of [
        '/_next/data/x/api/remote/api/delete-all.json',
        '/api/remote/api/x',
        '/bff/user',
      ]) {
        const { status } = await follow(`/bff/login?returnUrl=${encodeURIComponent(path)}`)
        assert.equal(status, 400, path)
      }
      assert.equal((await follow('/bff/login?returnUrl=/account')).status, 302)
    })
  })
}
