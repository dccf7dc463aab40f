import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { createProviderFetch, type ProviderAnswer } from './provider-fetch.ts'

const get = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const

/** Answers with `part` and then nothing more. */
async function hangingServer(part: string | undefined) {
  const server = createServer((_, response) => {
    if (part !== undefined) response.write(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('a call to the provider', () => {
  for (const part of [undefined, '{"half":']) {
    test(`L13: is given up in time when ${part ? 'half the answer' : 'no answer'} comes`, async () => {
      const server = await hangingServer(part)
      const answer: ProviderAnswer = { sent: false }
      const send = createProviderFetch({ fetch, limitMs: 50, answer })
      await assert.rejects(send(server.url, get), { name: 'TimeoutError' })
      assert.deepEqual([answer.sent, answer.status, answer.error], [true, undefined, undefined])
      await server.close()
    })
  }

  test('L13: shares one time limit among its requests', async () => {
    const signals: (AbortSignal | null | undefined)[] = []
    const send = createProviderFetch({
      limitMs: 50,
      fetch: async (_, init) => {
        signals.push(init?.signal)
        return new Response()
      },
    })
    await send('https://provider.example/', get)
    await send('https://provider.example/', get)
    assert.ok(signals[0] && signals[0] === signals[1])
  })

  test('goes past every cache and follows no redirect', async () => {
    const seen: (RequestInit | undefined)[] = []
    const send = createProviderFetch({
      limitMs: 1000,
      fetch: async (_, init) => {
        seen.push(init)
        return new Response()
      },
    })
    await send('https://provider.example/', get)
    assert.deepEqual([seen[0]?.cache, seen[0]?.redirect], ['no-store', 'manual'])
  })

  test('never leaves the machine without TLS', async () => {
    const answer: ProviderAnswer = { sent: false }
    const send = createProviderFetch({ fetch, limitMs: 1000, answer })
    for (const url of ['http://provider.example/', 'http://127.0.0.1.evil.example/', 'ftp://x/']) {
      await assert.rejects(send(url, get), /neither https nor on loopback/)
    }
    assert.equal(answer.sent, false)
  })

  test('reports every DPoP nonce, whatever the status', async () => {
    const nonces: string[] = []
    for (const status of [200, 401, 503]) {
      const send = createProviderFetch({
        limitMs: 1000,
        fetch: async () => new Response(null, { status, headers: { 'dpop-nonce': `n${status}` } }),
        onNonce: (_, nonce) => nonces.push(nonce),
      })
      await send('https://provider.example/token', get)
    }
    assert.deepEqual(nonces, ['n200', 'n401', 'n503'])
  })
})
