/** One claim about the person. A claim with several values comes several times, or as an array. */
export interface Claim {
  readonly type: string
  readonly value: unknown
}

/** What `bff.user()` answers. An outage is an `UnavailableError`, never `anonymous`. */
export type User = SignedIn | { readonly kind: 'anonymous' }

export interface SignedIn {
  readonly kind: 'signed-in'
  /** The claims about the person; those of the BFF itself (`bff:…`) are the fields below. */
  readonly claims: readonly Claim[]
  /** Empty when the settings of the server keep the claim back. */
  readonly sub: string
  /** For greeting: `name`, else `preferred_username`, `email`, `sub`. */
  readonly name: string
  /** Seconds until the session ends if nothing is done; undefined when the server does not say. */
  readonly sessionExpiresIn: number | undefined
  /** Where a plain link signs out; carries the session's public handle, which is no credential. */
  readonly logoutUrl: string | undefined
}

const ownPrefix = 'bff:'

/** The body of `GET /bff/user`, checked. Undefined: this is not an answer of a BFF. */
export function parseUser(body: unknown): User | undefined {
  if (body === null) return { kind: 'anonymous' }
  if (!Array.isArray(body) || !body.every(isClaim)) return undefined
  const sub = textOf(body, 'sub') ?? ''
  // The claims are a setting of the server: without `sub`, its own entries are what proves it ours.
  if (sub === '' && !body.some((claim) => claim.type.startsWith(ownPrefix))) return undefined
  const expiresIn = body.find((claim) => claim.type === 'bff:session_expires_in')?.value
  return {
    kind: 'signed-in',
    claims: body.filter((claim) => !claim.type.startsWith(ownPrefix)),
    sub,
    name:
      textOf(body, 'name') ?? textOf(body, 'preferred_username') ?? textOf(body, 'email') ?? sub,
    sessionExpiresIn: secondsOf(expiresIn),
    logoutUrl: textOf(body, 'bff:logout_url'),
  }
}

function isClaim(entry: unknown): entry is Claim {
  return (
    typeof entry === 'object' && entry !== null && 'type' in entry && typeof entry.type === 'string'
  )
}

function textOf(claims: readonly Claim[], type: string): string | undefined {
  const value = claims.find((claim) => claim.type === type)?.value
  return typeof value === 'string' && value !== '' ? value : undefined
}

function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? Number(value) : value
  return typeof seconds === 'number' && Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}
