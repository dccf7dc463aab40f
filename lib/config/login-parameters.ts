import { isOwnParameter } from './parameters.ts'
import type { Report } from './report.ts'

/** What `/bff/login` understands by itself. */
export const loginParameters: ReadonlySet<string> = new Set([
  ...['returnUrl', 'target_link_uri', 'iss', 'prompt'],
  ...['login_hint', 'acr_values', 'max_age', 'ui_locales'],
])

// A link on any site can bring these, and each would change what a sign-in gives or who answers for it.
const dangerous: ReadonlySet<string> = new Set([
  ...['claims', 'resource', 'audience', 'authorization_details'],
  ...['id_token_hint', 'registration'],
])
const dangerousFamilies = ['response_', 'code_challenge', 'request']

/** Refuses names that whoever makes a link must not choose. */
export function checkLoginParameters(names: readonly string[], report: Report): void {
  for (const name of names) {
    const problem = problemOf(name)
    if (problem) report.problem('oidc.loginParams', problem, `take ${name || 'it'} out`)
  }
}

function problemOf(name: string): string | undefined {
  if (!/^[\w.:-]{1,64}$/.test(name)) return 'has a name that is none of a parameter'
  // Some providers do not tell upper case from lower case.
  const plain = name.toLowerCase()
  const known = [...loginParameters].find((it) => it.toLowerCase() === plain)
  if (known) return `names ${name}, which is understood without it`
  const isRefused =
    isOwnParameter('authorization', plain) ||
    dangerous.has(plain) ||
    dangerousFamilies.some((family) => plain.startsWith(family))
  return isRefused ? `names ${name}, which no link may choose` : undefined
}
