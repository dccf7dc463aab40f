import type { Config } from '../config/define-config.ts'
import type { ServeOptions } from './serve-here.ts'
import { superviseWorkers } from './workers.ts'

export type { ServeOptions } from './serve-here.ts'

/**
 * The Node host until a signal comes (SIGTERM, SIGINT): what `cloakroom serve` and the `npm start` of this
 * repository do. Answers the exit status; what keeps it from starting is told on stderr.
 */
export async function serve(config: Config, options: ServeOptions = {}): Promise<number> {
  const code = await superviseWorkers(config)
  if (code !== undefined) return code
  // Who only supervises does not need the engine.
  const { serveHere } = await import('./serve-here.ts')
  return serveHere(config, options)
}
