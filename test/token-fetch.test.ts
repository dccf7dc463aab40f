import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createTokenFetch } from '#lib/server/token-fetch.ts'
import type { TokenResult } from '#lib/tokens/token-result.ts'
import { startApp } from './support/app.ts'
import { startUpstream } from './support/remote-fixture.ts'

interface Seen {
  url: string
  method: string
  body: string
  authorization: string | undefined
  dpop: string | undefined
  type: string | undefined
}

/** An API that redirects as its path says (`/<status>/<rest of the address>`), and what it was sent. */
async function startApi(t: TestContext) {
  const seen: Seen[] = []
  const upstream = await startUpstream(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { url = '', method = '', headers } = request
    const { authorization, dpop, 'content-type': type } = headers
    seen.push({ url, method, body, authorization, dpop: dpop as string | undefined, type })
    const [, status, to] = /^\/(30\d)\/(.+)$/.exec(url) ?? []
    if (to === undefined) return void response.end('arrived')
    response.writeHead(Number(status), { location: decodeURIComponent(to) }).end('elsewhere')
  })
  t.after(() => upstream.close())
  return {
    origin: upstream.origin,
    seen,
    to: (at: number, target: string) => redirectTo(upstream.origin, at, target),
  }
}

const redirectTo = (origin: string, status: number, target: string) =>
  `${origin}/${status}/${encodeURIComponent(target)}`

/** A fetch with a bound token, whose proofs say what they are for. */
function boundFetch() {
  let proofs = 0
  const token: TokenResult = {
    kind: 'dpop',
    token: 'bound',
    signer: {
      proof: async (method, url) => `${++proofs} ${method} ${url}`,
      rememberNonce: () => undefined,
    },
  }
  return createTokenFetch({ fetch, token: () => token })
}

describe('T17: a fetch with a token that is redirected', () => {
  test('T17: gets a new proof on the same origin', async (t) => {
    const { origin, seen, to } = await startApi(t)
    const response = await boundFetch()(to(302, '/302/%2Fend?x=1'))
    assert.equal(await response.text(), 'arrived')
    assert.equal(response.redirected, true)
    assert.equal(response.url, `${origin}/end?x=1`)
    assert.deepEqual(
      seen.map(({ authorization, dpop }) => [authorization, dpop]),
      [
        ['DPoP bound', `1 GET ${to(302, '/302/%2Fend?x=1')}`],
        ['DPoP bound', `2 GET ${origin}/302/%2Fend?x=1`],
        ['DPoP bound', `3 GET ${origin}/end?x=1`],
      ],
    )
  })

  test('T17: shows no credential to another origin, nor to the first one after that', async (t) => {
    const [first, other] = [await startApi(t), await startApi(t)]
    const back = other.to(307, `${first.origin}/end`)
    const headers = { authorization: 'Basic abc', cookie: 'a=b', 'x-kept': 'yes' }
    await boundFetch()(first.to(307, back), { method: 'POST', body: 'payload', headers })
    const credentials = [...first.seen.slice(0, 1), ...other.seen, ...first.seen.slice(1)].map(
      ({ authorization, dpop, body }) => [authorization, dpop !== undefined, body],
    )
    assert.deepEqual(credentials, [
      ['DPoP bound', true, 'payload'],
      [undefined, false, 'payload'],
      [undefined, false, 'payload'],
    ])
    // Another port is another origin, and so is another scheme or name.
    for (const target of ['//localhost:1/x', 'https://127.0.0.1:1/x']) {
      await assert.rejects(boundFetch()(first.to(302, target)), TypeError)
    }
  })

  test('T17: keeps or changes the method as the fetch standard says', async (t) => {
    const { seen, to } = await startApi(t)
    for (const [status, method, expected] of [
      [301, 'GET', 'GET'],
      [301, 'POST', 'GET'],
      [302, 'POST', 'GET'],
      [303, 'POST', 'GET'],
      [303, 'PUT', 'GET'],
      [303, 'HEAD', 'HEAD'],
      [301, 'PUT', 'PUT'],
      [302, 'DELETE', 'DELETE'],
      [307, 'POST', 'POST'],
      [308, 'PATCH', 'PATCH'],
    ] as const) {
      seen.length = 0
      const hasBody = method !== 'GET' && method !== 'HEAD'
      await boundFetch()(to(status, '/end'), { method, ...(hasBody ? { body: 'payload' } : {}) })
      const keepsBody = hasBody && expected === method
      const { method: sent, body, type } = seen[1] as Seen
      const told = [sent, body, type !== undefined]
      assert.deepEqual(
        told,
        [expected, keepsBody ? 'payload' : '', keepsBody],
        `${status} ${method}`,
      )
    }
  })

  test('T17: respects what the caller wants of redirects', async (t) => {
    const { seen, to } = await startApi(t)
    const manual = await boundFetch()(to(302, '/end'), { redirect: 'manual' })
    assert.deepEqual([manual.status, manual.headers.get('location')], [302, '/end'])
    await assert.rejects(boundFetch()(to(302, '/end'), { redirect: 'error' }), TypeError)
    assert.equal(seen.length, 2)
    assert.equal((await boundFetch()(to(302, '/end'), { redirect: 'follow' })).status, 200)
    const request = new Request(to(302, '/end'), { redirect: 'manual' })
    assert.equal((await boundFetch()(request)).status, 302)
  })

  test('T17: ends after twenty, at no HTTP address, and with a stream that was sent', async (t) => {
    const { seen, origin, to } = await startApi(t)
    let target = '/end'
    for (let i = 0; i < 20; i++) target = `/302/${encodeURIComponent(target)}`
    assert.equal((await boundFetch()(origin + target)).status, 200)
    assert.equal(seen.length, 21)
    await assert.rejects(boundFetch()(to(302, target)), TypeError)
    for (const elsewhere of ['file:///etc/passwd', 'data:,x', 'http://']) {
      await assert.rejects(boundFetch()(to(302, elsewhere)), TypeError)
    }
    const stream = () => ({ body: new Blob(['x']).stream(), duplex: 'half' }) as RequestInit
    await assert.rejects(boundFetch()(to(307, '/end'), { method: 'POST', ...stream() }), TypeError)
    assert.equal((await boundFetch()(to(303, '/end'), { method: 'POST', ...stream() })).status, 200)
  })
})

describe('T17: a fetch with a token whose caller gives up', () => {
  test('T17: ends at once while the token is fetched, and nothing is sent', async (t) => {
    const { origin, seen } = await startApi(t)
    const never = createTokenFetch({ fetch, token: () => new Promise(() => undefined) })
    const given = new Error('the caller has lost patience')
    const controller = new AbortController()
    const call = never(origin, { signal: controller.signal })
    setImmediate(() => controller.abort(given))
    await assert.rejects(call, given)
    await assert.rejects(never(origin, { signal: AbortSignal.abort(given) }), given)
    await assert.rejects(never(new Request(origin, { signal: controller.signal })), given)
    assert.equal(seen.length, 0)
  })

  test('T17: ends at once while a refused token is renewed', async (t) => {
    const upstream = await startUpstream((_, response) => response.writeHead(401).end())
    t.after(() => upstream.close())
    const controller = new AbortController()
    const renewing = createTokenFetch({
      fetch,
      token({ rejected }) {
        if (rejected === undefined) return { kind: 'bearer', token: 'old' }
        setImmediate(() => controller.abort())
        return new Promise(() => undefined)
      },
    })
    const call = renewing(upstream.origin, { signal: controller.signal })
    await assert.rejects(call, { name: 'AbortError' })
  })

  test('T17: at a provider that hangs, and others go on waiting', async (t) => {
    const app = await startApp({ config: { clients: { catalog: {} } } })
    t.after(() => app.close())
    const browser = app.browser()
    await browser.signInHere()
    const [session] = await app.bff.sessions.list('alice')
    app.advance(301_000)
    const { origin } = await startApi(t)
    for (const fetchIt of [app.bff.userFetch(session?.id ?? ''), app.bff.clientFetch('catalog')]) {
      const opened = Promise.withResolvers<void>()
      app.provider.override('token', async (_, usual) => {
        await opened.promise
        return usual()
      })
      const patient = fetchIt(origin)
      await assert.rejects(fetchIt(origin, { signal: AbortSignal.timeout(20) }), {
        name: 'TimeoutError',
      })
      opened.resolve()
      assert.equal((await patient).status, 200)
    }
  })
})
