import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type App, type AppBrowser, startApp } from './support/app.ts'
import { type RawAnswer, rawRequest } from './support/raw-http.ts'

let app: App
/** A session that is there all the time, so that there is something to get hold of. */
let victim: AppBrowser
before(async () => {
  app = await startApp()
  victim = app.browser()
  await victim.signInHere()
})
after(() => app.close())
afterEach(async () => {
  const alarms = app.log.events.filter(({ event }) =>
    ['unexpected.error', 'request.failed'].includes(event),
  )
  assert.deepEqual(alarms, [])
  assert.deepEqual(app.apiRequests, [], 'calls of the API behind the proxy')
  assert.equal((await victim.user())?.sub, 'alice', 'the session that nobody touched')
})

const ticketOf = (browser: AppBrowser) =>
  String(browser.jar.get('localhost')?.get(app.cookies.ticket))
const code = ({ body }: RawAnswer) => JSON.parse(body).code

/** A request with these very bytes for cookies; each character is one of them. */
function send(target: string, cookies: string, method = 'GET'): Promise<RawAnswer> {
  const headers = 'Host: localhost\r\nX-CSRF: 1\r\nConnection: close\r\nContent-Length: 0'
  const { port } = new URL(app.origin)
  const head = `${method} ${target} HTTP/1.1\r\n${headers}\r\nCookie: ${cookies}\r\n\r\n`
  return rawRequest(Number(port), head)
}

/** Nobody's: not even the HTTP parser, the first to look at it, makes a session of it. */
function assertAnonymous(answer: RawAnswer, what: string): void {
  assert.ok([400, 401, 431].includes(answer.status), `${what}: ${answer.status} ${answer.body}`)
  assert.doesNotMatch(answer.body, /alice/, what)
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>) {
  const rest = [...items]
  const lane = async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, lane))
}

describe('cookies that we did not make', () => {
  test('S3: a ticket with any one bit flipped is no session', async () => {
    const ticket = ticketOf(victim)
    const flips = Array.from({ length: ticket.length * 8 }, (_, bit) => bit)
    await inParallel(flips, async (bit) => {
      const at = bit >> 3
      const flipped = String.fromCharCode(ticket.charCodeAt(at) ^ (1 << (bit & 7)))
      const changed = ticket.slice(0, at) + flipped + ticket.slice(at + 1)
      assertAnonymous(await send('/bff/user', `${app.cookies.ticket}=${changed}`), `bit ${bit}`)
    })
    // Some of the last character's bits mean nothing to whoever decodes it.
    const last = ticket.at(-1)
    const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    for (const other of others.filter((it) => it !== last)) {
      assertAnonymous(
        await send('/bff/user', `${app.cookies.ticket}=${ticket.slice(0, -1)}${other}`),
        other,
      )
    }
  })

  test('S3: a ticket that is cut off anywhere is no session', async () => {
    const ticket = ticketOf(victim)
    const lengths = Array.from({ length: ticket.length }, (_, length) => length)
    await inParallel(lengths, async (length) => {
      const answer = await send('/bff/user', `${app.cookies.ticket}=${ticket.slice(0, length)}`)
      assertAnonymous(answer, `the first ${length} characters`)
    })
  })

  test('S3: no sealed value of ours stands in for another', async () => {
    const signingIn = app.browser()
    const begun = await signingIn.send(`${app.origin}/bff/login`)
    const { searchParams } = await app.provider.approve(begun.headers.get('location') ?? '')
    const [pending] = [...(signingIn.jar.get('localhost') ?? [])]
    assert.ok(pending)
    const [transactionName, transaction] = pending
    const leaving = app.browser()
    await leaving.signInHere()
    const left = await leaving.call('/bff/logout', { method: 'POST' })
    const leave = await leaving.send(JSON.parse(left.body).redirectUrl)
    const goodbye = new URL(leave.headers.get('location') ?? '').searchParams
    const logoutState = String(goodbye.get('state'))
    const values = {
      ticket: ticketOf(victim),
      transaction,
      'logout state': logoutState,
      'ID token': String(goodbye.get('id_token_hint')),
    }
    for (const [name, value] of Object.entries(values)) {
      if (name !== 'ticket')
        assertAnonymous(await send('/bff/user', `${app.cookies.ticket}=${value}`), name)
      if (name !== 'transaction') {
        const callback = await send(`/bff/callback?${searchParams}`, `${transactionName}=${value}`)
        assert.ok(
          [302, 400].includes(callback.status),
          `${name} as a transaction starts again, once`,
        )
        assert.doesNotMatch(callback.headers['set-cookie'] ?? '', /(^|, )bff-\d+=/)
      }
      if (name !== 'logout state') {
        const back = await send(`/bff/logout-callback?state=${encodeURIComponent(value)}`, '')
        assert.equal(back.headers.location, '/', `${name} as a logout state`)
      }
    }
    const good = await send(`/bff/logout-callback?state=${encodeURIComponent(logoutState)}`, '')
    assert.equal(good.status, 303)
    const signedIn = await send(
      `/bff/callback?${searchParams}`,
      `${transactionName}=${transaction}`,
    )
    assert.equal(signedIn.status, 303)
  })

  test('S3: a changed transaction cookie is none, and reaches no token endpoint', async () => {
    const browser = app.browser()
    const begun = await browser.send(`${app.origin}/bff/login`)
    const callback = await app.provider.approve(begun.headers.get('location') ?? '')
    const [pending] = [...(browser.jar.get('localhost') ?? [])]
    const cookie = `${pending?.[0]}=${pending?.[1]}`
    const before = app.provider.counters.token
    const change = fc.tuple(fc.nat(cookie.length - 1), fc.integer({ min: 0x21, max: 0x7e }))
    await fc.assert(
      fc.asyncProperty(change, async ([at, character]) => {
        const changed = cookie.slice(0, at) + String.fromCharCode(character) + cookie.slice(at + 1)
        if (changed === cookie || isSameKey(changed, cookie)) return
        const { status, headers } = await send(`/bff/callback${callback.search}`, changed)
        assert.ok(status === 302 || status === 400, changed)
        assert.doesNotMatch(headers['set-cookie'] ?? '', /(^|, )bff-\d+=/)
      }),
      { numRuns: 200 },
    )
    assert.equal(app.provider.counters.token, before)
  })

  test('S3: two tickets are none, whoever they belong to', async () => {
    const other = app.browser()
    await other.signInHere()
    const mine = `${app.cookies.ticket}=${ticketOf(victim)}`
    for (const cookies of [
      `${mine}; ${mine}`,
      `${mine}; ${app.cookies.ticket}=${ticketOf(other)}`,
      `${app.cookies.ticket}=${ticketOf(other)}; ${mine}`,
      `${app.cookies.ticket}=; ${mine}`,
      `${app.cookies.ticket}=x; ${mine}`,
    ]) {
      assertAnonymous(await send('/bff/user', cookies), cookies)
    }
    assert.equal((await send('/bff/user', `theme=dark; ${mine}; lang=de`)).status, 200)
  })

  test('P13: a cookie header of any size is answered', async () => {
    const mine = `${app.cookies.ticket}=${ticketOf(victim)}`
    for (const size of [4_096, 4_097, 8_000, 16_000]) {
      assertAnonymous(
        await send('/bff/user', `${app.cookies.ticket}=${'a'.repeat(size)}`),
        `${size} characters`,
      )
      assert.equal((await send('/bff/user', `big=${'a'.repeat(size)}; ${mine}`)).status, 200)
    }
    for (const size of [33_000, 200_000]) {
      const answer = await send('/bff/user', `${app.cookies.ticket}=${'a'.repeat(size)}`)
      assert.equal(answer.status, 431)
      assert.equal(code(answer), 'header_too_large')
    }
    assertAnonymous(
      await send('/bff/user', `${app.cookies.ticket}=a; `.repeat(2000)),
      'two thousand cookies',
    )
  })
})

/** The place in the name, and what follows the key, are for tidying up, and may be anything sane. */
function isSameKey(changed: string, cookie: string): boolean {
  const keyOf = (it: string) => /^bff-\d+-tx\.[0-4]=([\w-]{43})(?:\.[\w-]{4})?(?:;|$)/.exec(it)?.[1]
  return keyOf(changed) === keyOf(cookie)
}

describe('cookie headers without sense', () => {
  const targets = [
    ['GET', '/bff/user'],
    ['GET', '/bff/login'],
    ['GET', '/bff/callback?state=s&code=c'],
    ['GET', '/bff/logout?sid=x'],
    ['GET', '/bff/logout?leave=AAAAAAAAAAAAAAAAAAAAAA'],
    ['POST', '/bff/logout'],
    ['GET', '/bff/silent-login'],
    ['GET', '/api/remote/api/x'],
    ['POST', '/api/remote/api/x'],
  ] as const
  /** Everything that can stand in a header line. */
  const byte = fc.integer({ min: 1, max: 255 }).map((it) => String.fromCharCode(it))
  const inLine = byte.filter((it) => it !== '\r' && it !== '\n')
  const piece = fc.oneof(
    fc.constantFrom(
      'TICKET=',
      'TICKET-tx.',
      'TICKET-out=',
      '; ',
      '=',
      ',',
      '"',
      '%00',
      '~2',
      'Fe26.2*',
      '*',
      'e30',
    ),
    fc.constantFrom(
      '__proto__=1',
      'constructor=x',
      'TICKET-tx.zzzzzzzz.',
      'TICKET-tx.-1.',
      'TICKET=null',
    ),
    inLine,
  )

  test('P13: whatever they say, nobody is signed in and nothing breaks', async () => {
    const header = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(header, fc.constantFrom(...targets), async (written, [method, target]) => {
        // The name has a port in it, which is not known yet where the pieces are made.
        const cookies = written.replaceAll('TICKET', app.cookies.ticket)
        const answer = await send(target, cookies, method)
        assert.ok(answer.status < 500, `${answer.status} ${answer.body}`)
        assert.doesNotMatch(answer.headers['set-cookie'] ?? '', /(^|, )bff-\d+=[^;]/)
        if (target !== '/bff/user' && !target.startsWith('/api/')) return
        assertAnonymous(answer, `${method} ${target}`)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('session fixation', () => {
  test('L9: a planted ticket never becomes the session of whoever signs in', async () => {
    const attacker = app.browser()
    await attacker.signInHere()
    const planted = ticketOf(attacker)
    const target = app.browser()
    target.jar.set('localhost', new Map([[app.cookies.ticket, planted]]))
    await target.signInHere()
    assert.equal((await target.user())?.sub, 'alice')
    assert.notEqual(ticketOf(target), planted)
    // What the attacker holds leads nowhere, above all not to the new session.
    assertAnonymous(
      await send('/bff/user', `${app.cookies.ticket}=${planted}`),
      'the planted ticket',
    )
  })

  test('L9: the ticket of an ended session does not come back with the next sign-in', async () => {
    const browser = app.browser()
    await browser.signInHere()
    const old = ticketOf(browser)
    await browser.call('/bff/logout', { method: 'POST' })
    browser.jar.set('localhost', new Map([[app.cookies.ticket, old]]))
    await browser.signInHere()
    assert.notEqual(ticketOf(browser), old)
    assertAnonymous(await send('/bff/user', `${app.cookies.ticket}=${old}`), 'the old ticket')
  })

  test('L9: a planted transaction cookie of another browser does not adopt its answer', async () => {
    const attacker = app.browser()
    const begun = await attacker.send(`${app.origin}/bff/login`)
    const answer = await app.provider.approve(begun.headers.get('location') ?? '')
    // The victim has a sign-in of its own under way; the attacker's answer does not fit it.
    const target = app.browser()
    await target.send(`${app.origin}/bff/login`)
    const before = app.provider.counters.token
    assert.equal((await target.send(answer)).status, 302)
    assert.equal(app.provider.counters.token, before)
    assert.equal(await target.user(), undefined)
  })
})
