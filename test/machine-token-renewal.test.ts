import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import type { TokenResult } from '#lib/tokens/token-result.ts'
import { machineTokenUnderTest, tokenOf } from './support/machine-token-under-test.ts'
import { startScriptedProvider } from './support/scripted-provider.ts'

const peer = await startScriptedProvider()
const { instance, counting } = machineTokenUnderTest(peer)
after(() => peer.close())
afterEach(() => {
  Object.assign(peer.state, { sendExpiresIn: true, accessTokenLifetime: 300, dpopNonce: undefined })
  peer.override('token')
})

/** The refresh margin varies with the milliseconds at which a token was obtained: here it must not. */
const wholeSecond = () => Math.floor(Date.now() / 1000) * 1000

describe('renewal of machine tokens', () => {
  test('T9: ahead of expiry in the background, at expiry before anybody gets one', async () => {
    let time = wholeSecond()
    const { clientToken, get } = instance({ now: () => time })
    const first = tokenOf(await get())
    time += 250_000
    assert.equal(tokenOf(await clientToken('catalog', {})), first)
    const second = await untilChanged(get, first)
    time += 299_000
    assert.ok(![first, second].includes(tokenOf(await get())))
  })

  test('a failed renewal leaves the valid token in use, and is not repeated at every call', async () => {
    let time = wholeSecond()
    const { clientToken, get, log } = instance({ now: () => time })
    const first = tokenOf(await get())
    time += 250_000
    peer.override('token', () => ({ status: 503 }))
    const { count } = await counting(async () => {
      assert.equal(tokenOf(await get()), first)
      while (!log.events.some(({ event }) => event === 'token.machine.failed')) await turn()
      await turn()
      for (let index = 0; index < 20; index++) {
        assert.equal(tokenOf(await get()), first)
        await turn()
      }
    })
    assert.equal(count, 1)
    assert.ok(!(clientToken('catalog', {}) instanceof Promise))
  })

  test('the margin is never more than a fifth of the lifetime', async () => {
    peer.state.accessTokenLifetime = 30
    let time = wholeSecond()
    const { clientToken, get } = instance({ now: () => time })
    await get()
    time += 20_000
    const { count } = await counting(async () => clientToken('catalog', {}))
    assert.equal(count, 0)
  })

  test('T7: without expires_in it is used until it is refused', async () => {
    peer.state.sendExpiresIn = false
    let time = wholeSecond()
    const { clientToken, get } = instance({ now: () => time })
    const first = tokenOf(await get())
    time += 24 * 60 * 60_000
    assert.equal(tokenOf(await clientToken('catalog', {})), first)
    const second = tokenOf(await clientToken('catalog', { rejected: first }))
    assert.notEqual(second, first)
    assert.equal(tokenOf(await clientToken('catalog', {})), second)
  })

  test('T12: fifty calls that were refused the same token make one request between two processes', async () => {
    const store = createMemoryStore()
    let time = wholeSecond()
    const now = () => time
    const [one, two] = [instance({ store, now }), instance({ store, now })]
    const rejected = tokenOf(await one.get())
    assert.equal(tokenOf(await two.get()), rejected)
    time += 30_000
    const { result, count } = await counting(() =>
      Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 ? one : two).clientToken('catalog', { rejected }),
        ),
      ),
    )
    assert.equal(count, 1)
    assert.equal(new Set(result.map(tokenOf)).size, 1)
    assert.notEqual(tokenOf(result[0] as TokenResult), rejected)
  })

  test('a forgotten token is requested anew, by every process', async () => {
    const store = createMemoryStore()
    const one = instance({ store })
    const first = tokenOf(await one.get())
    await one.clientToken.forget('catalog')
    assert.notEqual(tokenOf(await instance({ store }).get()), first)
  })
})

async function untilChanged(get: () => Promise<TokenResult>, old: string): Promise<string> {
  for (;;) {
    const token = tokenOf(await get())
    if (token !== old) return token
    await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
