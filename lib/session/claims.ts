import type { ClaimsContext, ClaimsHook } from '../config/hooks.ts'

/** What a sign-in or a refresh has brought. */
export type OfferedClaims = Omit<ClaimsContext, 'reason'>

/** Decides which claims a session keeps and the browser may see. */
export type ClaimsPolicy = (
  offered: OfferedClaims,
  reason: 'sign-in' | 'refresh',
) => Promise<Record<string, unknown>>

export interface ClaimsPolicyOptions {
  /** Names of the claims that are kept, or paths (`realm_access.roles`), in the order in which `/user` lists them. */
  readonly allowed: readonly string[]
  /** Runs before the choice; its answer replaces the claims. */
  readonly transform?: ClaimsHook | undefined
}

export function createClaimsPolicy({ allowed, transform }: ClaimsPolicyOptions): ClaimsPolicy {
  return async (offered, reason) => {
    const all = transform ? await transform({ ...offered, reason }) : offered.claims
    const found = allowed.map((name) => [name, valueAt(all, name)] as const)
    return Object.fromEntries(found.filter(([, value]) => value !== undefined))
  }
}

/** Of a claim of that name, or of one inside of others; names may hold dots themselves (`https://example.com/roles`). */
function valueAt(claims: unknown, path: string): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
  const members = claims as Readonly<Record<string, unknown>>
  if (Object.hasOwn(members, path)) return members[path]
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot)
    const inside = Object.hasOwn(members, head)
      ? valueAt(members[head], path.slice(dot + 1))
      : undefined
    if (inside !== undefined) return inside
  }
  return undefined
}
