import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createMemoryStore } from '#lib/store/memory.ts'
import { type App, type AppOptions, startApp } from './support/app.ts'
import type {
  RecordedRequest,
  ScriptedAnswer,
  ScriptedProvider,
} from './support/scripted-provider.ts'

async function start(t: TestContext, options: AppOptions = {}): Promise<App> {
  const app = await startApp({ ...options, env: { NODE_ENV: 'development', ...options.env } })
  t.after(() => app.close())
  return app
}

async function standing(app: App): Promise<string> {
  const answer = await app.browser().call('/bff/diagnostics')
  return JSON.parse(answer.body).redirectUri.standing
}

const to = (location: string, headers = {}): ScriptedAnswer => ({
  status: 302,
  headers: { location, ...headers },
})
const page = (status: number, body = 'a page'): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body,
})
const back = ({ params }: RecordedRequest) => {
  const query = new URLSearchParams({ error: 'login_required', state: params.get('state') ?? '' })
  return to(`${params.get('redirect_uri')}?${query}`)
}

/** What providers make of a redirect URI that they know, and of one that they do not. */
type Manners = (request: RecordedRequest) => { known: ScriptedAnswer; unknown: ScriptedAnswer }

const providers: Record<string, Manners> = {
  'comes back with an error, or shows a page (Keycloak)': (request) => ({
    known: back(request),
    unknown: page(400),
  }),
  'shows its login page although nothing may be shown (Spring)': () => ({
    known: to('/login', { 'set-cookie': 'JSESSIONID=1; Path=/' }),
    unknown: page(400),
  }),
  'leads to an error page of its own (better-auth)': ({ headers }) => {
    if (headers['sec-fetch-mode'] !== 'navigate') return { known: page(200), unknown: page(200) }
    return { known: to('/login?x=1'), unknown: to('/error?error=invalid_redirect') }
  },
  'sets a cookie and asks again until it is there': (request) => {
    if (!request.headers.cookie?.includes('seen=1')) {
      const again = to(request.url.href, { 'set-cookie': 'seen=1; Path=/; HttpOnly' })
      return { known: again, unknown: again }
    }
    return { known: back(request), unknown: page(403) }
  },
  'signs in elsewhere': () => ({
    known: to('https://federated.example/login'),
    unknown: page(400),
  }),
  'answers by a form that posts itself': ({ params }) => ({
    known: page(200, `<form method="post" action="${params.get('redirect_uri')}"></form>`),
    unknown: page(200, '<p>no such redirect URI</p>'),
  }),
  'shows a page of status 200 for both (login or error)': () => ({
    known: to('/login'),
    unknown: page(200),
  }),
}

/** From now on this provider knows these redirect URIs. */
function behaves(provider: ScriptedProvider, manners: Manners, isKnown: (uri: string) => boolean) {
  provider.override('authorize', (request) => {
    const { known, unknown } = manners(request)
    return isKnown(request.params.get('redirect_uri') ?? '') ? known : unknown
  })
}

describe('the redirect URI probe', () => {
  for (const [what, manners] of Object.entries(providers)) {
    test(`A9: a provider that ${what}`, async (t) => {
      for (const [registered, expected] of [
        [true, 'accepted'],
        [false, 'refused'],
      ] as const) {
        const app = await start(t)
        behaves(app.provider, manners, (uri) => registered && uri === `${app.origin}/bff/callback`)
        assert.equal(await standing(app), expected)
        const told = app.log.events.some(({ event }) => event === 'misconfiguration')
        assert.equal(told, !registered)
      }
    })
  }

  test('A9: a pushed request tells at once', async (t) => {
    for (const registered of [true, false]) {
      const app = await start(t, { config: { oidc: { par: true } } })
      app.provider.override('par', ({ params }, usual) => {
        const known = registered && params.get('redirect_uri') === `${app.origin}/bff/callback`
        return known ? usual() : { status: 400, body: { error: 'invalid_request' } }
      })
      assert.equal(await standing(app), registered ? 'accepted' : 'refused')
    }
  })

  test('A9: one that accepts anything, fails or leads in circles', async (t) => {
    const anything = await start(t)
    behaves(
      anything.provider,
      (request) => ({ known: back(request), unknown: back(request) }),
      () => true,
    )
    assert.equal(await standing(anything), 'accepted')
    for (const answer of [page(503), to('/auth'), { fault: 'reset' } as const]) {
      const app = await start(t)
      app.provider.override('authorize', ({ url }) =>
        'headers' in answer && answer.status === 302 ? to(url.href) : answer,
      )
      assert.equal(await standing(app), 'unknown')
    }
  })

  test('A9: asks as a browser that navigates, once a day, whichever instance is first', async (t) => {
    const store = createMemoryStore({ now: () => first.now() })
    const first = await start(t, { store })
    const second = await start(t, {
      store,
      provider: first.provider,
      env: { BFF_BASE_URL: first.origin },
    })
    await Promise.all([first, second, first].map(standing))
    assert.deepEqual(await Promise.all([first, second].map(standing)), ['accepted', 'accepted'])
    const asked = first.provider.requests.filter(({ name }) => name === 'authorize')
    assert.equal(asked.length, 2)
    for (const { headers } of asked) {
      assert.match(headers.accept ?? '', /^text\/html/)
      assert.equal(headers['sec-fetch-mode'], 'navigate')
      assert.equal(headers['sec-fetch-dest'], 'document')
    }
    first.advance(86_400_000)
    await standing(second)
    assert.equal(first.provider.counters.authorize, 4)
  })

  test('A9: never on Vercel', async (t) => {
    const env = {
      VERCEL: '1',
      VERCEL_ENV: 'production',
      BFF_STORE: 'redis',
      REDIS_URL: 'redis://x',
    }
    const app = await start(t, { env, store: createMemoryStore({ now: Date.now }) })
    assert.equal(await standing(app), 'unknown')
    assert.equal(app.provider.counters.authorize, 0)
  })
})
