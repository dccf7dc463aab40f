import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Environment, readerOf, type Variables } from './env.ts'
import type { Report } from './report.ts'

export const configFileVariables = {
  BFF_CONFIG_FILE: {
    meaning:
      'A JSON file that is read in place of `bff.config.ts`. The same names; hooks are not possible.',
    example: '/etc/cloakroom.json',
  },
} as const satisfies Variables

const read = readerOf(configFileVariables)

/** What `bff.config.ts` exports, or the JSON file says that stands in for it. */
export function readConfig(
  env: Environment,
  source: { readonly config?: unknown; readonly configFile?: string },
  report: Report,
): unknown {
  const file = source.configFile ?? read(env, 'BFF_CONFIG_FILE')
  if (file === undefined) return source.config ?? {}
  try {
    // Some editors begin a file with a byte order mark, which is no JSON.
    return besideFile(JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')), file)
  } catch (error) {
    const unreadable = !(error instanceof SyntaxError)
    report.problem(
      'BFF_CONFIG_FILE',
      unreadable ? `names ${file}, which cannot be read` : `names ${file}, which is no JSON`,
      unreadable ? 'check the path and its permissions' : 'put right its syntax',
    )
    return {}
  }
}

/** What a configuration names by a relative path lies beside its file. */
export function besideFile(config: unknown, file: string): unknown {
  const { frontends } = (config ?? {}) as { readonly frontends?: unknown }
  const own = withFolder(config, file)
  if (typeof frontends !== 'object' || frontends === null) return own
  const entries = Object.entries(frontends).map(([name, it]) => [name, withFolder(it, file)])
  return { ...(own as object), frontends: Object.fromEntries(entries) }
}

function withFolder(config: unknown, file: string): unknown {
  const { spa } = (config ?? {}) as { readonly spa?: { readonly dir?: unknown } }
  if (typeof spa?.dir !== 'string') return config
  return { ...(config as object), spa: { ...spa, dir: resolve(dirname(file), spa.dir) } }
}
