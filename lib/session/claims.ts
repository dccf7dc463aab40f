/** Decides which claims of an ID token or UserInfo a session keeps and the browser may see. */
export type ClaimsPolicy = (
  claims: Readonly<Record<string, unknown>>,
  reason: 'sign-in' | 'refresh',
) => Promise<Record<string, unknown>>

export interface ClaimsPolicyOptions {
  /** Names of the claims that are kept, in the order in which `/user` lists them. */
  readonly allowed: readonly string[]
  /** Runs before the choice; its answer replaces the claims. */
  readonly transform?:
    | ((context: {
        readonly claims: Readonly<Record<string, unknown>>
        readonly reason: 'sign-in' | 'refresh'
      }) => Promise<Record<string, unknown>> | Record<string, unknown>)
    | undefined
}

export function createClaimsPolicy({ allowed, transform }: ClaimsPolicyOptions): ClaimsPolicy {
  return async (claims, reason) => {
    const all = transform ? await transform({ claims, reason }) : claims
    return Object.fromEntries(
      allowed.filter((name) => Object.hasOwn(all, name)).map((name) => [name, all[name]]),
    )
  }
}
