import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type HostileApi, startHostileApi } from './support/hostile-api.ts'
import { rawRequest } from './support/raw-http.ts'
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

    test('P29: a foreign link is opened again for a page only', async () => {
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
