import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../store/memory.ts'
import { createTransactions, type Transaction } from './transaction.ts'

const secrets = ['first-secret-of-the-tests-0123456789-abcdef']

function setup(responseMode: 'query' | 'form_post' = 'query') {
  const clock = { now: 1_000_000 }
  const now = () => clock.now
  const store = createMemoryStore({ now })
  const transactions = createTransactions({ secrets, secure: true, responseMode, store, now })
  return { clock, transactions }
}

function transaction(state: string, returnUrl = '/'): Transaction {
  return { state, nonce: 'n', codeVerifier: 'v', returnUrl, issuer: 'i', clientId: 'c' }
}

/** What a browser would keep of these `Set-Cookie` values. */
function jar(cookies: Map<string, string>, setCookies: string[]): string {
  for (const setCookie of setCookies) {
    const [pair = '', ...attributes] = setCookie.split('; ')
    const name = pair.slice(0, pair.indexOf('='))
    if (attributes.includes('Max-Age=0')) cookies.delete(name)
    else cookies.set(name, pair.slice(pair.indexOf('=') + 1))
  }
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

test('S1: the transaction cookie is Lax, and None with form_post', async () => {
  const [lax] = await setup().transactions.start(undefined, transaction('s'))
  assert.match(
    lax ?? '',
    /^__Host-Http-bff-tx\.[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
  )
  const [none] = await setup('form_post').transactions.start(undefined, transaction('s'))
  assert.match(none ?? '', /; SameSite=None; Secure;/)
})

test('L2: two sign-ins at once do not disturb each other', async () => {
  const { transactions } = setup()
  const cookies = new Map<string, string>()
  jar(cookies, await transactions.start(undefined, transaction('one')))
  const header = jar(cookies, await transactions.start(undefined, transaction('two')))
  assert.equal((await transactions.take(header, 'one'))?.transaction.state, 'one')
  assert.equal((await transactions.take(header, 'two'))?.transaction.state, 'two')
})

test('L2: a transaction is taken once, and only by its state and browser', async () => {
  const { transactions } = setup()
  const header = jar(new Map(), await transactions.start(undefined, transaction('one')))
  assert.equal(await transactions.take(undefined, 'one'), undefined)
  assert.equal(await transactions.take(header, 'two'), undefined)
  assert.equal(await transactions.take(header, ''), undefined)
  const taken = await Promise.all([
    transactions.take(header, 'one'),
    transactions.take(header, 'one'),
  ])
  assert.equal(taken.filter((it) => it !== undefined).length, 1)
  assert.equal(await transactions.take(header, 'one'), undefined)
})

test('L2: a cookie renamed to another state does not serve it', async () => {
  const { transactions } = setup()
  const one = jar(new Map(), await transactions.start(undefined, transaction('one')))
  const two = jar(new Map(), await transactions.start(undefined, transaction('two')))
  const renamed = two.slice(0, two.indexOf('=')) + one.slice(one.indexOf('='))
  assert.equal(await transactions.take(renamed, 'two'), undefined)
})

test('L10: after ten minutes a transaction is none', async () => {
  const { clock, transactions } = setup()
  const header = jar(new Map(), await transactions.start(undefined, transaction('one')))
  clock.now += 600_000
  assert.equal(await transactions.take(header, 'one'), undefined)
})

test('L10: at most five are kept, the oldest is dropped', async () => {
  const { clock, transactions } = setup()
  const cookies = new Map<string, string>()
  let header = ''
  for (const state of ['1', '2', '3', '4', '5', '6', '7']) {
    header = jar(cookies, await transactions.start(header, transaction(state)))
    clock.now += 1000
    assert.ok(cookies.size <= 5)
  }
  assert.equal(await transactions.take(header, '2'), undefined)
  assert.ok(await transactions.take(header, '3'))
  assert.ok(await transactions.take(header, '7'))
})

test('L10: long return URLs do not fill the header that servers accept', async () => {
  const { clock, transactions } = setup()
  const cookies = new Map<string, string>()
  let header = ''
  for (const state of ['1', '2', '3', '4', '5']) {
    header = jar(
      cookies,
      await transactions.start(header, transaction(state, `/${'a'.repeat(2000)}`)),
    )
    clock.now += 1000
  }
  assert.ok(header.length < 12_288, `${header.length} bytes of cookies`)
  assert.ok(await transactions.take(header, '5'))
})

test('S14: a name with any other byte before or after it is no transaction of ours', async () => {
  const { transactions } = setup()
  const header = jar(new Map(), await transactions.start(undefined, transaction('s')))
  const [name = '', value = ''] = header.split('=')
  for (const code of Array(256).keys()) {
    const stray = String.fromCharCode(code)
    if ((code > 0x20 && code < 0x7f) || stray === ' ' || stray === '\t') continue
    for (const planted of [stray + name, name + stray]) {
      const taken = await transactions.take(`${planted}=${value}`, 's')
      assert.equal(taken, undefined, JSON.stringify(planted))
    }
  }
  assert.ok(await transactions.take(` \t${name} \t=${value}`, 's'))
})
