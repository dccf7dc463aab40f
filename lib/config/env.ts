export type Environment = Readonly<Record<string, string | undefined>>

/** One environment variable: the text of docs/configuration.md and of .env.example. */
export interface Variable {
  readonly meaning: string
  /** Its value when it is not set. */
  readonly default?: string
  /** What holds when it is not set, where that is no single value. */
  readonly defaultInWords?: string
  /** For .env.example. Never a usable secret. */
  readonly example?: string
  /** What somebody else made up, and who knows of what characters. */
  readonly secret?: boolean
}

export type Variables = Readonly<Record<string, Variable>>

/** The one place below lib/ that reads `process.env`. */
export function processEnvironment(): Environment {
  return process.env
}

/** Sets a variable for the rest of this process and for those that it starts; undefined takes it away. */
export function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

/** The trimmed value of a variable by any name (`secretEnv`, `keyEnv`); undefined when it is absent or empty. */
export function readNamed(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined
}

type ValueOf<It extends Variable> = It extends { readonly default: string }
  ? string
  : string | undefined

/** Reads the variables that a section declares, and no others. */
export function readerOf<Declared extends Variables>(declared: Declared) {
  return <Name extends keyof Declared & string>(env: Environment, name: Name) =>
    (readNamed(env, name) ?? declared[name]?.default) as ValueOf<Declared[Name]>
}

export const platformVariables = {
  NODE_ENV: {
    meaning:
      '`development` opens `/bff/diagnostics` and derives `BFF_BASE_URL`. Everything else is production.',
    default: 'production',
  },
  VERCEL: { meaning: 'Set by Vercel: the store must be one that all instances share.' },
  VERCEL_ENV: { meaning: 'Set by Vercel: `production`, `preview` or `development`.' },
  VERCEL_PROJECT_PRODUCTION_URL: { meaning: 'Set by Vercel: the public host in production.' },
  VERCEL_BRANCH_URL: { meaning: 'Set by Vercel: the public host of a preview.' },
  VERCEL_URL: { meaning: 'Set by Vercel: the host of a deployment without a branch.' },
} as const satisfies Variables

const read = readerOf(platformVariables)

export type Mode = 'development' | 'production'

/** Production unless told otherwise, so that forgetting NODE_ENV opens nothing. */
export function readMode(env: Environment): Mode {
  return read(env, 'NODE_ENV') === 'development' ? 'development' : 'production'
}

/** Said to be production, not only not said to be anything else: as in a test's own process. */
export function isNamedProduction(env: Environment): boolean {
  return env.NODE_ENV?.trim() === 'production'
}

/** Deployed on Vercel. `vercel dev` on a developer's machine does not count. */
export function onVercel(env: Environment): boolean {
  return read(env, 'VERCEL') !== undefined && read(env, 'VERCEL_ENV') !== 'development'
}

/** The public host by Vercel's own word, which no request can change. */
export function vercelHost(env: Environment): string | undefined {
  if (!onVercel(env)) return undefined
  if (read(env, 'VERCEL_ENV') === 'production') {
    return read(env, 'VERCEL_PROJECT_PRODUCTION_URL')
  }
  return read(env, 'VERCEL_BRANCH_URL') ?? read(env, 'VERCEL_URL')
}
