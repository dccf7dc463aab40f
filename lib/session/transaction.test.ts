import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMemoryStore } from '../store/memory.ts'
import { createTransactions } from './transaction.ts'

const secrets = ['first-secret-of-the-tests-0123456789-abcdef']

function setup(responseMode: 'query' | 'form_post' = 'query', clientId = 'app') {
  const clock = { now: 1_000_000 }
  const now = () => clock.now
  const store = createMemoryStore({ now })
  const issuer = 'https://login.example'
  const named = { secrets, cookieName: 'bff', secure: true }
  const options = { ...named, responseMode, issuer, clientId, store, now }
  return { clock, transactions: createTransactions(options) }
}

type Transactions = ReturnType<typeof setup>['transactions']

/** A browser: it keeps what `Set-Cookie` values say. */
function browser(transactions: Transactions) {
  const jar = new Map<string, string>()
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const keep = (setCookies: string[]) => {
    for (const setCookie of setCookies) {
      const [pair = '', ...attributes] = setCookie.split('; ')
      const name = pair.slice(0, pair.indexOf('='))
      if (attributes.includes('Max-Age=0')) jar.delete(name)
      else jar.set(name, pair.slice(pair.indexOf('=') + 1))
    }
  }
  return {
    jar,
    header,
    keep,
    begin(returnUrl = '/', sent = header()): string {
      const { transaction, setCookie } = transactions.begin(sent, { returnUrl })
      keep([setCookie])
      return transaction.state
    },
    async take(state: string) {
      const taken = await transactions.take(header(), state)
      if (taken.kind === 'taken') keep(taken.clearCookies)
      return taken
    },
  }
}

test('S1: the transaction cookie is Lax, and None with form_post', () => {
  const lax = setup().transactions.begin(undefined, { returnUrl: '/' }).setCookie
  assert.match(
    lax,
    /^__Host-Http-bff-tx\.[0-4]=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
  )
  const none = setup('form_post').transactions.begin(undefined, { returnUrl: '/' }).setCookie
  assert.match(none, /; SameSite=None; Secure;/)
})

test('L2: forty sign-ins, one after the other, do not disturb each other', async () => {
  const tabs = browser(setup().transactions)
  const states = Array.from({ length: 40 }, (_, tab) => tabs.begin(`/${tab}`))
  for (const [tab, state] of states.entries()) {
    const taken = await tabs.take(state)
    assert.equal(taken.kind, 'taken')
    assert.ok(taken.kind === 'taken' && taken.transaction.remembered.returnUrl === `/${tab}`)
  }
  assert.equal(tabs.jar.size, 0, 'the last one leaves nothing behind')
})

test('L2: a transaction is taken once, and only by its state and browser', async () => {
  const { transactions } = setup()
  const { header, begin } = browser(transactions)
  const state = begin()
  const other = browser(transactions)
  other.begin()
  for (const cookies of [undefined, '', other.header()]) {
    assert.equal((await transactions.take(cookies, state)).kind, 'lost')
  }
  for (const foreign of ['', 'two', state.slice(1), `${state}A`, state.toLowerCase()]) {
    assert.equal((await transactions.take(header(), foreign)).kind, 'lost')
  }
  const cookies = header()
  const taken = await Promise.all([1, 2].map(() => transactions.take(cookies, state)))
  assert.deepEqual(taken.map(({ kind }) => kind).sort(), ['lost', 'taken'])
  assert.equal((await transactions.take(cookies, state)).kind, 'lost')
})

test('L2: a state with any one character changed is not ours', async () => {
  const { transactions } = setup()
  const { header, begin } = browser(transactions)
  const state = begin('/deep')
  const change = fc.tuple(fc.nat(state.length - 1), fc.constantFrom(...'ABCXYZabcxyz0189-_=.+/ '))
  await fc.assert(
    fc.asyncProperty(change, async ([at, character]) => {
      if (state[at] === character) return
      const changed = state.slice(0, at) + character + state.slice(at + 1)
      const taken = await transactions.take(header(), changed)
      assert.deepEqual(taken, { kind: 'lost', underWay: true, used: 'no' })
    }),
  )
})

test('L3: a sign-in that was begun for another client is lost', async () => {
  const { transactions } = setup()
  const { header, begin } = browser(transactions)
  const taken = await setup('query', 'other').transactions.take(header(), begin('/deep'))
  assert.ok(taken.kind === 'lost' && taken.remembered?.returnUrl === '/deep')
})

test('L1: the secrets of a sign-in are its own, and need cookie and state', () => {
  const { transactions } = setup()
  const one = transactions.begin(undefined, { returnUrl: '/' })
  const sameBrowser = transactions.begin(one.setCookie.split(';')[0], { returnUrl: '/' })
  const secretsOf = ({ transaction }: typeof one) => [
    transaction.nonce,
    transaction.codeVerifier,
    transaction.dpopSeed().toString('base64url'),
  ]
  const all = [...secretsOf(one), ...secretsOf(sameBrowser)]
  assert.equal(new Set(all).size, 6)
  for (const secret of all) assert.equal(Buffer.from(secret, 'base64url').length, 32)
})

test('L10: after ten minutes a transaction is none', async () => {
  const { clock, transactions } = setup()
  const tab = browser(transactions)
  const state = tab.begin('/deep')
  clock.now += 599_000
  tab.begin()
  clock.now += 1000
  const taken = await tab.take(state)
  assert.ok(taken.kind === 'lost' && taken.remembered?.returnUrl === '/deep')
})

test('L10: at most five cookies, whatever the browser begins at once or in a row', () => {
  const { transactions } = setup()
  for (const knows of [() => '', undefined]) {
    const tabs = browser(transactions)
    for (let tab = 0; tab < 200; tab++) tabs.begin(`/${'a'.repeat(1000)}`, knows?.())
    assert.ok(tabs.jar.size <= 5, `${tabs.jar.size} cookies`)
    assert.ok(tabs.header().length < 2048, `${tabs.header().length} bytes`)
  }
})

test('S11: of forty that begin at once some give way, and their return URLs are not lost', async () => {
  const tabs = browser(setup().transactions)
  const states = Array.from({ length: 40 }, (_, tab) => tabs.begin(`/${tab}`, ''))
  let taken = 0
  for (const [tab, state] of states.entries()) {
    const result = await tabs.take(state)
    if (result.kind === 'taken') taken++
    else {
      assert.equal(result.remembered?.returnUrl, `/${tab}`)
      // It starts again, now with the jar that there is.
      assert.equal((await tabs.take(tabs.begin(`/${tab}`))).kind, 'taken')
    }
  }
  assert.ok(taken >= 1)
})

test('S12: cookies of earlier versions and broken ones are expired, a dozen at a time', () => {
  const { transactions } = setup()
  const { expireStale } = transactions
  const { header, begin } = browser(transactions)
  begin()
  assert.deepEqual(expireStale(header()), [])
  assert.deepEqual(expireStale('other=1; __Host-Http-bff=ticket; bff-tx.mfx.other=1'), [])
  const old = `__Host-Http-bff-tx.mfx3k2a1.${'h'.repeat(22)}=Fe26.2*x`
  const broken = `__Host-Http-bff-tx.3=${'a'.repeat(4000)}`
  assert.deepEqual(
    expireStale(`${old}; ${header()}; ${broken}; __Host-Http-bff-tx.a b=1`).map(
      (it) => it.split('=')[0],
    ),
    [old.split('=')[0], broken.split('=')[0]],
  )
  const many = Array.from({ length: 40 }, (_, i) => `__Host-Http-bff-tx.${i}x=1`).join('; ')
  const expired = expireStale(many)
  assert.equal(expired.length, 12)
  for (const line of expired) assert.match(line, /=; Path=\/; .*Secure; Max-Age=0$/)
})

test('S14: a name with any other byte before or after it is no transaction of ours', async () => {
  const { transactions } = setup()
  const { header, begin } = browser(transactions)
  const state = begin()
  const [name = '', value = ''] = header().split('=')
  for (const code of Array(256).keys()) {
    const stray = String.fromCharCode(code)
    if ((code > 0x20 && code < 0x7f) || stray === ' ' || stray === '\t') continue
    for (const planted of [stray + name, name + stray]) {
      const taken = await transactions.take(`${planted}=${value}`, state)
      assert.equal(taken.kind, 'lost', JSON.stringify(planted))
    }
  }
  assert.equal((await transactions.take(` \t${name} \t=${value}`, state)).kind, 'taken')
})
