import { resolve } from 'node:path'
import { setVariable } from '../config/env.ts'
import { serve as serveUntilSignal } from '../hosts/serve.ts'
import { loadAppConfig } from './app-config.ts'
import { parseOptions } from './options.ts'
import type { Command } from './terminal.ts'

/** The Node host, without Next, until a signal comes. */
export const serve: Command = async (args, { cwd }) => {
  const options = parseOptions(args, { config: { type: 'string' }, spa: { type: 'string' } })
  if (options.spa !== undefined) setVariable('BFF_SPA_DIR', resolve(cwd, options.spa))
  const { config } = await loadAppConfig(cwd, options.config)
  const reread = async () => (await loadAppConfig(cwd, options.config, 'again')).config
  return serveUntilSignal(config, { reread })
}
