import type { TestPerson, TestSession } from './test-session.ts'

export type { TestPerson } from './test-session.ts'

/** What a test needs of a signed-in browser. */
export interface SignedIn {
  /** Value of a `Cookie` header. */
  readonly cookie: string
  /** For Playwright's `browser.newContext({ storageState })`. */
  readonly storageState: StorageState
}

export interface StorageState {
  cookies: {
    name: string
    value: string
    domain: string
    path: string
    /** Seconds since the epoch. */
    expires: number
    httpOnly: boolean
    secure: boolean
    sameSite: 'Strict' | 'Lax' | 'None'
  }[]
  origins: { origin: string; localStorage: { name: string; value: string }[] }[]
}

/** What `openBff` answers is one. */
export interface SignsIn {
  readonly settings: { readonly publicOrigin: string }
  readonly testSession: TestSession
}

/**
 * Signs somebody in without a provider: puts a session into the store of `bff`. The app that is tested has to use the
 * same `BFF_SECRET`, `BFF_BASE_URL` and store; it may be another process where the store is one that is shared.
 * The session has no refresh token, so what the access token cannot do any more is 401.
 *
 * @throws Error where `BFF_BASE_URL` is not on loopback, or `NODE_ENV` is `production`
 */
export async function signIn(bff: SignsIn, person: TestPerson): Promise<SignedIn> {
  const { setCookie, absoluteAt } = await bff.testSession(person)
  const [cookie = '', ...attributes] = setCookie.split('; ')
  const equals = cookie.indexOf('=')
  return {
    cookie,
    storageState: {
      cookies: [
        {
          name: cookie.slice(0, equals),
          value: cookie.slice(equals + 1),
          domain: new URL(bff.settings.publicOrigin).hostname,
          path: '/',
          expires: Math.floor(absoluteAt / 1000),
          httpOnly: true,
          secure: attributes.includes('Secure'),
          sameSite: attributes.includes('SameSite=Lax') ? 'Lax' : 'Strict',
        },
      ],
      origins: [],
    },
  }
}
