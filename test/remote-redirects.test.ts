import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { request } from './support/raw-http.ts'
import { startUpstream, withRemote } from './support/remote-fixture.ts'

type Api = (path: string, headers: IncomingMessage['headers']) => string

/** How frameworks make the address of a path of their own, of what the proxy told them. */
const apis: Record<string, Api> = {
  'Express: a path': (path) => path,
  'Express without trust proxy, absolute': (path, { host }) => `http://${host}${path}`,
  'FastAPI, or Express with trust proxy: the scheme is believed': (path, headers) =>
    `${headers['x-forwarded-proto']}://${headers.host}${path}`,
  'Flask behind ProxyFix(x_prefix=1): the prefix is believed': (path, headers) =>
    `${headers['x-forwarded-prefix']}${path}`,
  'Flask behind ProxyFix(x_proto=1, x_prefix=1), absolute': (path, headers) =>
    `${headers['x-forwarded-proto']}://${headers.host}${headers['x-forwarded-prefix']}${path}`,
  'Flask that believes everything': (path, headers) =>
    `${headers['x-forwarded-proto']}://${headers['x-forwarded-host']}${headers['x-forwarded-prefix']}${path}`,
}

describe('P25: an API’s redirects', () => {
  for (const publicOrigin of ['https://app.example', 'http://app.example:8080']) {
    for (const prefix of ['', '/v1']) {
      for (const [name, addressOf] of Object.entries(apis)) {
        it(`lead to it again (${name}; ${publicOrigin}, target ${prefix || 'without a path'})`, async () => {
          const upstream = await startUpstream((incoming, response) => {
            const { url = '', headers } = incoming
            const there = addressOf(`${prefix}/there/?x=%20`, headers)
            const moved = url === `${prefix}/there`
            const names = {
              location: there,
              'content-location': there,
              link: `<${there}>; rel="next"`,
            }
            response.writeHead(moved ? 307 : 200, moved ? names : {}).end(url)
          })
          const remote = { target: upstream.origin + prefix }
          await withRemote({ publicOrigin, upstream, remote }, async ({ port }) => {
            const { status, headers } = await request(port, '/api/remote/api/there')
            assert.equal(status, 307)
            const links = /^<(.*)>; rel="next"$/.exec(headers.link ?? '')
            for (const address of [headers.location, headers['content-location'], links?.[1]]) {
              const url = new URL(address ?? '', `${publicOrigin}/api/remote/api/there`)
              assert.equal(url.href, `${publicOrigin}/api/remote/api/there/?x=%20`)
              const next = await request(port, url.pathname + url.search)
              assert.deepEqual([next.status, next.body], [200, `${prefix}/there/?x=%20`])
            }
          })
        })
      }
    }
  }

  const upstreamSaying = (status: number, headers: Record<string, string>) =>
    startUpstream((_, response) => response.writeHead(status, headers).end('ok'))

  it('are 502 where no browser gets', async () => {
    for (const location of ['http://10.0.0.7/x', 'http://orders/x', 'http://127.0.0.1:1/']) {
      const upstream = await upstreamSaying(302, { location })
      await withRemote({ upstream }, async ({ port, events }) => {
        const answer = await request(port, '/api/remote/api/x')
        assert.equal(answer.status, 502)
        assert.equal(JSON.parse(answer.body).code, 'upstream_bad_redirect')
        assert.equal(answer.headers.location, undefined)
        assert.ok(events.some(({ event }) => event === 'remote.failed'))
      })
    }
  })

  it('pass wherever this machine’s own browser gets', async () => {
    const location = 'http://127.0.0.1:1/'
    const upstream = await upstreamSaying(302, { location })
    await withRemote({ upstream, publicOrigin: 'http://localhost:3000' }, async ({ port }) => {
      const { status, headers } = await request(port, '/api/remote/api/x')
      assert.deepEqual([status, headers.location], [302, location])
    })
  })

  it('are not what other answers with such an address are: that is left out', async () => {
    const headers = {
      location: 'http://orders/5',
      'content-location': 'http://10.0.0.7/5',
      link: '<http://orders/6>; rel=next, </7>; rel=last, </x.js>; rel=preload; as=script',
    }
    const upstream = await upstreamSaying(201, headers)
    await withRemote({ upstream }, async ({ port }) => {
      const answer = await request(port, '/api/remote/api/x')
      assert.deepEqual([answer.status, answer.body], [201, 'ok'])
      assert.equal(answer.headers.location, undefined)
      assert.equal(answer.headers['content-location'], undefined)
      assert.equal(answer.headers.link, '</api/remote/api/7>; rel=last')
    })
  })
})
