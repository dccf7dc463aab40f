import type { Config } from './schema.ts'

export type { Config } from './schema.ts'

/** Types the configuration; it is checked at start, together with the environment. */
export function defineConfig(config: Config): Config {
  return config
}
