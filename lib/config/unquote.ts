import { type Environment, readVariable } from './env.ts'
import type { Report } from './report.ts'
import { type VariableName, variables } from './variables.ts'

/** What somebody else made up, and who knows of what characters. */
const secretNames: ReadonlySet<string> = new Set<VariableName>([
  ...(['OIDC_CLIENT_SECRET', 'BFF_SECRET'] as const),
  ...(['UPSTASH_REDIS_REST_TOKEN', 'KV_REST_API_TOKEN'] as const),
])

/**
 * Tells of quotes that `docker run --env-file` and the like took for a part of a value. The environment that is
 * answered has none, so that each slip is told once; a secret with quotes is used as it is, with a note.
 */
export function unquote(env: Environment, report: Report): Environment {
  const unquoted: Record<string, string> = {}
  for (const name of Object.keys(variables) as VariableName[]) {
    const value = readVariable(env, name)
    if (value === undefined || !isQuoted(value)) continue
    if (secretNames.has(name)) {
      report.note(
        `${name} is used with the quotes around it: take them out unless they belong to it.`,
      )
    } else {
      report.problem(name, 'has quotes around its value', 'take them out where it is set')
      unquoted[name] = value.slice(1, -1)
    }
  }
  return { ...env, ...unquoted }
}

export function isQuoted(value: string): boolean {
  return /^(["']).*\1$/s.test(value)
}
