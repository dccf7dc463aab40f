import { existsSync } from 'node:fs'
import { Server } from 'node:http'
import { join } from 'node:path'
import { type PageHandler, type ServeOptions, serve } from 'cloakroom/node'
import next from 'next'

const dir = import.meta.dirname

/** Next's pages, as this build has them. */
async function pages(at: Parameters<NonNullable<ServeOptions['pages']>>[0]): Promise<PageHandler> {
  // At its first page Next hangs an `upgrade` listener on the server of that request, which ends every
  // WebSocket that is none of Next's, so it is given another server, one that never listens.
  const app = next({ dev: false, dir, ...at, httpServer: new Server() })
  await app.prepare()
  return app.getRequestHandler()
}

const envFile = join(dir, '.env')
if (existsSync(envFile)) process.loadEnvFile(envFile)
// Only now, since it may read what stands there.
const { default: config } = await import('./bff.config.ts')
process.exit(await serve(config, { pages, nextBuild: join(dir, '.next') }))
