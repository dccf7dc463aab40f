import type { Config } from './schema.ts'

export type { Config } from './schema.ts'

/** A configuration, and the names of its `clients`, for `clientFetch` and `clientToken`. */
export type ConfigOf<Client extends string> = Config & {
  readonly clients?: Readonly<Record<Client, NonNullable<Config['clients']>[string]>>
}

/** Types the configuration; it is checked at start, together with the environment. */
export function defineConfig<Client extends string = string>(
  config: ConfigOf<Client>,
): ConfigOf<Client> {
  return config
}
