import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import { type App, type AppOptions, startApp } from './support/app.ts'
import { type ConnectProxy, startConnectProxy } from './support/connect-proxy.ts'
import { until } from './support/remote-fixture.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'
import { type SecureServer, startSecureServer } from './support/secure-server.ts'
import { selfSigned } from './support/self-signed.ts'

const directory = mkdtempSync(join(tmpdir(), 'cloakroom-outgoing-'))
after(() => rmSync(directory, { recursive: true }))

function fileOf(name: string, content: string): string {
  const file = join(directory, name)
  writeFileSync(file, content)
  return file
}

const servers = await selfSigned('api.example.test', 'login.example.test')
const ours = await selfSigned()
const caFile = fileOf('ca.pem', servers.cert)
const tls = { certFile: fileOf('our.pem', ours.cert), keyFile: fileOf('our-key.pem', ours.key) }
const open = { token: 'none' } as const

/** Runs a test against the engine, with what it needs of the way out. */
async function withApp(options: AppOptions, run: (app: App) => Promise<void>): Promise<void> {
  const app = await startApp(options)
  try {
    await run(app)
  } finally {
    await app.close()
  }
}

describe('A10: by a proxy that opens tunnels', () => {
  let api: SecureServer
  let login: SecureServer
  let proxy: ConnectProxy

  before(async () => {
    api = await startSecureServer({ ...servers, requestCert: true, ca: ours.cert })
    login = await startSecureServer(servers, smallProvider('https://login.example.test'))
    proxy = await startConnectProxy({
      'api.example.test:443': api.port,
      'api.example.test:8443': api.port,
      'login.example.test:443': login.port,
    })
  })
  after(() => Promise.all([api.close(), login.close(), proxy.close()]))
  beforeEach(() => {
    for (const list of [api.requests, api.known, login.requests, proxy.connects, proxy.others]) {
      list.length = 0
    }
    proxy.status = 200
  })

  const behindProxy = (remotes: Config['remotes'] = {}, env: Record<string, string> = {}) => ({
    config: { remotes, clients: { machine: {} } },
    env: {
      HTTPS_PROXY: `http://ada:p%40ss@127.0.0.1:${proxy.port}`,
      HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
      BFF_CA_FILE: caFile,
      ...env,
    },
  })
  const authorities = () => proxy.connects.map(({ authority }) => authority)

  for (const http2 of [false, true]) {
    test(`A10: calls to an API share the connections that it opens (http2: ${http2})`, async () => {
      const remote = { target: 'https://api.example.test/v1', http2, ...open }
      await withApp(behindProxy({ api: remote }), async (app) => {
        for (const path of ['/a', '/b']) {
          const answer = await app.browser().call(`/api/remote/api${path}`)
          assert.deepEqual([answer.status, answer.body], [200, '{"ok":true}'])
        }
        const authorization = `Basic ${Buffer.from('ada:p@ss').toString('base64')}`
        assert.deepEqual(proxy.connects, [{ authority: 'api.example.test:443', authorization }])
        assert.deepEqual(
          api.requests.map(({ url, headers }) => [url, headers.host]),
          ['/v1/a', '/v1/b'].map((url) => [url, 'api.example.test']),
        )
        assert.ok(api.requests.every(({ headers }) => !headers['proxy-authorization']))
      })
    })
  }

  test('A10: WebSockets go through it, and certificates of ours', async () => {
    const remote = { target: 'https://api.example.test:8443', websocket: true, tls, ...open }
    await withApp(behindProxy({ api: remote }), async (app) => {
      const socket = connect(Number(new URL(app.origin).port), '127.0.0.1')
      let received = ''
      socket.on('data', (data) => {
        received += data
      })
      socket.write(
        `GET /api/remote/api/chat HTTP/1.1\r\nHost: localhost\r\nOrigin: ${app.origin}\r\n` +
          'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nhello',
      )
      await until(() => received.endsWith('hello'))
      assert.match(received, /^HTTP\/1\.1 101 /)
      assert.deepEqual(authorities(), ['api.example.test:8443'])
      socket.destroy()
      assert.equal((await app.browser().call('/api/remote/api/x')).status, 200)
      assert.deepEqual(api.known, [true])
    })
  })

  test('A10: the provider is reached by it, and an API by server code', async () => {
    const env = { OIDC_ISSUER: 'https://login.example.test' }
    await withApp(behindProxy({}, env), async (app) => {
      assert.equal((await app.browser().call('/bff/health/ready')).status, 200)
      const fetchAsMachine = app.bff.clientFetch('machine')
      const answer = await fetchAsMachine('https://api.example.test/orders', { method: 'POST' })
      assert.deepEqual(await answer.json(), { ok: true })
      assert.equal(api.requests[0]?.headers.authorization, 'Bearer machine-token')
      assert.deepEqual(
        [...new Set(authorities())],
        ['login.example.test:443', 'api.example.test:443'],
      )
    })
  })

  test('A10: loopback, http and NO_PROXY are reached past it', async () => {
    const remotes = {
      plain: { target: 'http://plain.test', ...open },
      named: { target: 'https://api.example.test', ...open },
      near: { target: api.origin, ...open },
    }
    const options = behindProxy(remotes, { NO_PROXY: 'other.test, .example.test' })
    await withApp(options, async (app) => {
      assert.equal((await app.browser().call('/bff/health/ready')).status, 200)
      assert.equal((await app.browser().call('/api/remote/near/x')).status, 200)
      // No name server knows these, but for the proxy.
      assert.equal((await app.browser().call('/api/remote/plain/x')).status, 502)
      assert.equal((await app.browser().call('/api/remote/named/x')).status, 502)
      assert.deepEqual([proxy.connects, proxy.others], [[], []])
    })
  })

  test('A10: what it refuses is 502, and no call goes another way', async () => {
    const remote = { target: 'https://api.example.test', ...open }
    await withApp(behindProxy({ api: remote }), async (app) => {
      proxy.status = 407
      const answer = await app.browser().call('/api/remote/api/x')
      assert.deepEqual([answer.status, JSON.parse(answer.body).code], [502, 'upstream_unreachable'])
      const told = app.log.events.find(({ event }) => event === 'remote.failed')
      assert.match(String((told?.fields as { cause?: unknown })?.cause), /HTTPS_PROXY answered 407/)
      proxy.status = 200
      assert.equal((await app.browser().call('/api/remote/api/x')).status, 200)
    })
  })
})

describe('A10: certificates', () => {
  test('A10: an authority of BFF_CA_FILE is believed, another is not', async (t) => {
    const api = await startSecureServer(servers)
    t.after(() => api.close())
    const remotes = { api: { target: api.origin, ...open } }
    const stranger = fileOf('stranger.pem', (await selfSigned()).cert)
    for (const [file, status] of [
      [caFile, 200],
      [stranger, 502],
      ['', 502],
    ] as const) {
      await withApp({ config: { remotes }, env: { BFF_CA_FILE: file } }, async (app) => {
        assert.equal((await app.browser().call('/api/remote/api/x')).status, status, file)
      })
    }
  })

  test('A10: an API is shown the certificate of its remote, and no other API is', async (t) => {
    const asking = { ...servers, requestCert: true, ca: ours.cert }
    const [api, other] = [await startSecureServer(asking), await startSecureServer(asking)]
    t.after(() => Promise.all([api.close(), other.close()]))
    const remotes = {
      api: { target: api.origin, tls, ...open },
      h2: { target: api.origin, tls, http2: true, ...open },
      other: { target: other.origin, ...open },
    }
    const config = { remotes, clients: { machine: {} } }
    await withApp({ config, env: { BFF_CA_FILE: caFile } }, async (app) => {
      for (const name of ['api', 'h2', 'other']) {
        assert.equal((await app.browser().call(`/api/remote/${name}/x`)).status, 200, name)
      }
      const asMachine = app.bff.clientFetch('machine')
      for (const { origin } of [api, other]) assert.equal((await asMachine(origin)).status, 200)
      assert.deepEqual(api.known, [true, true, true])
      assert.deepEqual(other.known, [false, false])
    })
  })

  test('A10: tls_client_auth: the connection says who we are, at the aliases (RFC 8705)', async (t) => {
    const aliases: Record<string, string> = {}
    const provider = await startScriptedProvider({ metadata: { mtls_endpoint_aliases: aliases } })
    t.after(() => provider.close())
    // The provider's door for those who have a certificate, which vouches for their client.
    const basic = Buffer.from(`${provider.clientId}:${provider.clientSecret}`).toString('base64')
    const door = await startSecureServer(
      { ...servers, requestCert: true, ca: ours.cert },
      async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk)
        const form = Buffer.concat(chunks)
        forms.push(new URLSearchParams(form.toString()))
        const authorization = door.known.at(-1) ? `Basic ${basic}` : ''
        const type = request.headers['content-type'] ?? ''
        const answer = await fetch(provider.issuer + request.url, {
          method: 'POST',
          body: form,
          headers: { authorization, 'content-type': type },
        })
        response.writeHead(answer.status, { 'content-type': 'application/json' })
        response.end(await answer.text())
      },
    )
    t.after(() => door.close())
    const forms: URLSearchParams[] = []
    aliases.token_endpoint = `${door.origin}/token`
    aliases.revocation_endpoint = `${door.origin}/revoke`
    const options: AppOptions = {
      provider,
      config: { oidc: { authMethod: 'tls_client_auth', tls } },
      env: { OIDC_CLIENT_SECRET: '', BFF_CA_FILE: caFile },
    }
    await withApp(options, async (app) => {
      const browser = app.browser()
      await browser.signInHere('?returnUrl=/')
      const logout = String((await browser.user())?.['bff:logout_url'])
      await browser.send(`${app.origin}${logout}`)
      await until(() => forms.length >= 2)
      assert.ok(door.requests.every(({ url }) => url === '/token' || url === '/revoke'))
      assert.ok(door.requests.every(({ headers }) => headers.authorization === undefined))
      for (const form of forms) {
        assert.equal(form.get('client_id'), provider.clientId)
        assert.equal(form.has('client_secret') || form.has('client_assertion'), false)
      }
      assert.ok(door.known.every(Boolean))
      await until(() => provider.state.revoked.length > 0)
    })
  })
})

/** Discovery and machine tokens, no more. */
function smallProvider(issuer: string): RequestListener {
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
  const token = { access_token: 'machine-token', token_type: 'Bearer', expires_in: 300 }
  return ({ url }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(url === '/token' ? token : metadata))
  }
}
