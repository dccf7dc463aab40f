import { loginParameters } from '../config/login-parameters.ts'
import { singleParameter } from './parameters.ts'

const longestBytes = 256
const mostNames = 10

/**
 * The parameters of a sign-in's address that the setting `oidc.loginParams` names, for the authorization
 * request. `{ ok: false }` when one occurs twice, is longer than 256 bytes or has control characters.
 */
export function passedOnParameters(
  query: URLSearchParams,
  names: readonly string[],
): { ok: true; value: Readonly<Record<string, string>> } | { ok: false } {
  const passedOn: [string, string][] = []
  for (const name of names) {
    const parameter = singleParameter(query, name)
    if (!parameter.ok) return { ok: false }
    const { value } = parameter
    if (value === undefined) continue
    if (Buffer.byteLength(value) > longestBytes) return { ok: false }
    passedOn.push([name, value])
  }
  // Not by assignment: a name may be `__proto__`.
  return { ok: true, value: Object.fromEntries(passedOn) }
}

/** The names of what is left out, as the log may have them: strangers wrote them, and a secret may be one. */
export function ignoredParameters(query: URLSearchParams, names: readonly string[]): string[] {
  const known = new Set([...loginParameters, ...names])
  const ignored = [...query.keys()].filter((name) => !known.has(name))
  const shown = ignored.map((name) => (/^[\w.:-]{1,40}$/.test(name) ? name : 'withheld'))
  return [...new Set(shown)].slice(0, mostNames)
}
