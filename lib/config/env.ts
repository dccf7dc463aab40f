import type { VariableName } from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The one place below lib/ that reads `process.env`. */
export function processEnvironment(): Environment {
  return process.env
}

/** The trimmed value; undefined when it is absent or empty. */
export function readVariable(env: Environment, name: VariableName): string | undefined {
  return readNamed(env, name)
}

/** As `readVariable`, for a variable that the configuration names (`secretEnv`, `keyEnv`). */
export function readNamed(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined
}

/** Of a variable that other programs read too: by its lower-case name first, as they do. */
export function readEither(env: Environment, name: VariableName): string | undefined {
  return readNamed(env, name.toLowerCase()) ?? readNamed(env, name)
}

export type Mode = 'development' | 'production'

/** Production unless told otherwise, so that forgetting NODE_ENV opens nothing. */
export function readMode(env: Environment): Mode {
  return readVariable(env, 'NODE_ENV') === 'development' ? 'development' : 'production'
}

/** Deployed on Vercel. `vercel dev` on a developer's machine does not count. */
export function onVercel(env: Environment): boolean {
  return (
    readVariable(env, 'VERCEL') !== undefined && readVariable(env, 'VERCEL_ENV') !== 'development'
  )
}

/** The public host by Vercel's own word, which no request can change. */
export function vercelHost(env: Environment): string | undefined {
  if (!onVercel(env)) return undefined
  if (readVariable(env, 'VERCEL_ENV') === 'production') {
    return readVariable(env, 'VERCEL_PROJECT_PRODUCTION_URL')
  }
  return readVariable(env, 'VERCEL_BRANCH_URL') ?? readVariable(env, 'VERCEL_URL')
}
