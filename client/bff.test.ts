import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBff, SignInNeededError, UnavailableError } from './bff.ts'

const page = 'https://app.example/orders/7?tab=lines#top'

/** A browser page at `page` whose server answers with `answer`; records what was sent and visited. */
function open(answer: () => Response | Promise<Response>, basePath = '/bff') {
  const sent: Request[] = []
  const visited: string[] = []
  const bff = createBff({
    basePath,
    location: { href: page, assign: (url) => visited.push(String(url)) },
    fetch: async (input, init) => {
      sent.push(new Request(input, init))
      return answer()
    },
  })
  return { bff, sent, visited }
}

function problem(status: number, code: string, more: Record<string, unknown> = {}) {
  return new Response(JSON.stringify({ code, title: `title of ${code}`, status, ...more }), {
    status,
    headers: { 'content-type': 'application/problem+json', 'retry-after': '2' },
  })
}

const claims = [
  { type: 'sub', value: 'u1' },
  { type: 'name', value: 'Ada' },
  { type: 'bff:session_expires_in', value: 1800 },
  { type: 'bff:logout_url', value: '/bff/logout?sid=s1' },
]

describe('bff.fetch', () => {
  test('carries X-CSRF and the headers of the caller, to the same origin', async () => {
    const { bff, sent } = open(() => Response.json({}))
    await bff.fetch('/api/remote/orders', { method: 'POST', body: '{}', headers: { a: 'b' } })
    assert.equal(sent[0]?.url, 'https://app.example/api/remote/orders')
    assert.equal(sent[0]?.headers.get('x-csrf'), '1')
    assert.equal(sent[0]?.headers.get('a'), 'b')
    assert.equal(sent[0]?.credentials, 'same-origin')
  })

  test('keeps method, body and headers of a Request', async () => {
    const { bff, sent } = open(() => Response.json({}))
    const request = new Request('https://app.example/api/remote/orders', {
      method: 'PUT',
      body: 'x',
      headers: { 'if-match': '"1"' },
    })
    await bff.fetch(request)
    assert.equal(sent[0]?.method, 'PUT')
    assert.equal(sent[0]?.headers.get('if-match'), '"1"')
    assert.equal(await sent[0]?.text(), 'x')
  })

  test('refuses another origin, and sends nothing there', async () => {
    const { bff, sent } = open(() => Response.json({}))
    for (const url of ['https://evil.example/x', '//evil.example/x', '/\\evil.example']) {
      await assert.rejects(bff.fetch(url), TypeError)
    }
    assert.equal(sent.length, 0)
  })

  test('includes the cookie on split hosts, where the base path is an absolute URL', async () => {
    const { bff, sent } = open(() => Response.json({}), 'https://bff.example/bff')
    await bff.fetch('https://bff.example/api/remote/orders')
    assert.equal(sent[0]?.credentials, 'include')
    assert.ok(
      bff.loginUrl().startsWith('https://bff.example/bff/login?returnUrl=https%3A%2F%2Fapp'),
    )
  })

  test('sends a call once, whatever the answer', async () => {
    for (const answer of [() => problem(503, 'token_unavailable'), () => problem(502, 'x')]) {
      const { bff, sent } = open(answer)
      assert.ok((await bff.fetch('/api/remote/orders', { method: 'POST' })).status >= 502)
      assert.equal(sent.length, 1)
    }
  })

  test('rejects with the login URL, and tells the listener, when the BFF asks for a sign-in', async () => {
    const { bff } = open(() => problem(401, 'session_expired', { requestId: 'r1' }))
    const told: string[] = []
    bff.onSignInNeeded((error) => told.push(error.code))
    await assert.rejects(bff.fetch('/api/remote/orders'), (error) => {
      assert.ok(error instanceof SignInNeededError)
      assert.equal(error.code, 'session_expired')
      assert.equal(error.requestId, 'r1')
      assert.equal(error.loginUrl, '/bff/login?returnUrl=%2Forders%2F7%3Ftab%3Dlines%23top')
      return true
    })
    assert.deepEqual(told, ['session_expired'])
  })

  test('T13: a step-up keeps what the API requires, and leads back to this page', async () => {
    const loginUrl = '/bff/login?acr_values=mfa&max_age=60'
    const { bff } = open(() => problem(401, 'step_up_required', { loginUrl }))
    await assert.rejects(bff.fetch('/api/remote/orders'), (error) => {
      assert.ok(error instanceof SignInNeededError)
      const url = new URL(error.loginUrl, page)
      assert.equal(url.searchParams.get('acr_values'), 'mfa')
      assert.equal(url.searchParams.get('max_age'), '60')
      assert.equal(url.searchParams.get('returnUrl'), '/orders/7?tab=lines#top')
      return true
    })
  })

  test('an offered login URL that is not our login is not used: an API could have written it', async () => {
    for (const loginUrl of [
      'https://evil.example/bff/login',
      '//evil.example/bff/login',
      'javascript:alert(1)//bff/login',
      '/bff/logout?sid=1',
      '/bff/login/../logout',
    ]) {
      const { bff } = open(() => problem(401, 'step_up_required', { loginUrl }))
      await assert.rejects(bff.fetch('/api/remote/orders'), (error) => {
        assert.ok(error instanceof SignInNeededError)
        assert.ok(error.loginUrl.startsWith('/bff/login?returnUrl='), error.loginUrl)
        return true
      })
    }
  })

  test('a 401 of the API itself is an answer, body unread', async () => {
    for (const answer of [
      () => Response.json({ code: 'not_signed_in' }, { status: 401 }),
      () => problem(401, 'api_key_missing'),
    ]) {
      const { bff } = open(answer)
      const response = await bff.fetch('/api/remote/orders')
      assert.equal(response.status, 401)
      assert.ok(((await response.json()) as { code: string }).code)
    }
  })

  test('no answer is UnavailableError; an abort stays an abort', async () => {
    const down = open(() => Promise.reject(new TypeError('fetch failed')))
    await assert.rejects(down.bff.fetch('/api/remote/orders'), { code: 'network', status: 0 })
    const aborted = open(() => Promise.reject(new DOMException('stop', 'AbortError')))
    await assert.rejects(aborted.bff.fetch('/api/remote/orders'), { name: 'AbortError' })
  })
})

describe('bff.user', () => {
  test('answers claims, name, remaining time and logout URL', async () => {
    const { bff, sent } = open(() => Response.json(claims))
    assert.deepEqual(await bff.user(), {
      kind: 'signed-in',
      claims: claims.slice(0, 2),
      sub: 'u1',
      name: 'Ada',
      sessionExpiresIn: 1800,
      logoutUrl: '/bff/logout?sid=s1',
    })
    assert.equal(sent[0]?.url, 'https://app.example/bff/user')
    assert.equal(sent[0]?.cache, 'no-store')
  })

  test('S4: a look can be asked for that does not extend the session', async () => {
    const { bff, sent } = open(() => Response.json(claims))
    await bff.user({ slide: false })
    assert.equal(sent[0]?.url, 'https://app.example/bff/user?slide=false')
  })

  test('401 and a null body are anonymous', async () => {
    for (const answer of [() => new Response(null, { status: 401 }), () => Response.json(null)]) {
      assert.deepEqual(await open(answer).bff.user(), { kind: 'anonymous' })
    }
  })

  test('S8: an outage does not look like a sign-out', async () => {
    const answers = {
      store_unavailable: () => problem(503, 'store_unavailable'),
      http_error: () => new Response('bad gateway', { status: 502 }),
      network: () => Promise.reject(new TypeError('fetch failed')),
      bad_answer: () => new Response('<html>Wi-Fi sign-in</html>'),
    }
    for (const [code, answer] of Object.entries(answers)) {
      await assert.rejects(open(answer).bff.user(), (error) => {
        assert.ok(error instanceof UnavailableError)
        assert.equal(error.code, code)
        return true
      })
    }
  })

  test('an array that holds no person is no answer of a BFF', async () => {
    for (const body of [[], [1], [{ value: 'u1' }], {}, [{ type: 'sub', value: 7 }]]) {
      await assert.rejects(open(() => Response.json(body)).bff.user(), { code: 'bad_answer' })
    }
  })

  test('a server that keeps every claim back still says that somebody is signed in', async () => {
    const { bff } = open(() => Response.json(claims.slice(2)))
    const user = await bff.user()
    assert.deepEqual(user.kind === 'signed-in' && [user.sub, user.sessionExpiresIn], ['', 1800])
  })

  test('names the person by the first claim that is there', async () => {
    const { bff } = open(() => Response.json([claims[0], { type: 'email', value: 'a@b.example' }]))
    const user = await bff.user()
    assert.equal(user.kind === 'signed-in' && user.name, 'a@b.example')
  })
})

describe('bff.login and bff.logout', () => {
  test('login returns to this page unless told otherwise, and passes what was asked', () => {
    const { bff, visited } = open(() => Response.json({}))
    bff.login()
    bff.login({
      returnUrl: '/account',
      prompt: 'login',
      loginHint: 'ada@x.example',
      acrValues: 'mfa',
      maxAge: 0,
    })
    assert.deepEqual(visited, [
      '/bff/login?returnUrl=%2Forders%2F7%3Ftab%3Dlines%23top',
      '/bff/login?returnUrl=%2Faccount&prompt=login&login_hint=ada%40x.example&acr_values=mfa&max_age=0',
    ])
  })

  test('logout posts, tells the listeners, and goes where the server says', async () => {
    const { bff, sent, visited } = open(() =>
      Response.json({ redirectUrl: 'https://app.example/bff/logout?leave=1' }),
    )
    const told: string[] = []
    bff.onLogout(() => told.push('left'))
    await bff.logout({ returnUrl: '/bye' })
    assert.equal(sent[0]?.method, 'POST')
    assert.equal(sent[0]?.url, 'https://app.example/bff/logout?returnUrl=%2Fbye')
    assert.equal(sent[0]?.headers.get('x-csrf'), '1')
    assert.deepEqual(visited, ['https://app.example/bff/logout?leave=1'])
    assert.deepEqual(told, ['left'])
  })

  test('logout follows a logout URL of the BFF only, and a redirect that is a web address only', async () => {
    const { bff, visited } = open(() => Response.json({ redirectUrl: 'javascript:alert(1)' }))
    await bff.logout({ logoutUrl: '/bff/logout?sid=s1', returnUrl: '/bye' })
    await assert.rejects(bff.logout({ logoutUrl: 'https://evil.example/bff/logout' }), TypeError)
    await bff.logout()
    assert.deepEqual(visited, ['https://app.example/bff/logout?sid=s1&returnUrl=%2Fbye', '/'])
  })

  test('a sign-out that failed stays on the page and says so', async () => {
    const { bff, visited } = open(() => problem(503, 'store_unavailable'))
    await assert.rejects(bff.logout(), { code: 'store_unavailable', retryAfterSeconds: 2 })
    assert.deepEqual(visited, [])
  })
})
