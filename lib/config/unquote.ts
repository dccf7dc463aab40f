import { type Environment, readNamed } from './env.ts'
import type { Report } from './report.ts'
import { variables } from './variables.ts'

/**
 * Tells of quotes that `docker run --env-file` and the like took for a part of a value. The environment that is
 * answered has none, so that each slip is told once; a secret with quotes is used as it is, with a note.
 */
export function unquote(env: Environment, report: Report): Environment {
  const unquoted: Record<string, string> = {}
  for (const [name, { secret }] of Object.entries(variables)) {
    const value = readNamed(env, name)
    if (value === undefined || !isQuoted(value)) continue
    if (secret) {
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
