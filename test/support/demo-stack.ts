import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DemoApi, startDemoApi } from '../../demo/api.ts'
import {
  type DemoProvider,
  type DemoProviderOptions,
  startDemoProvider,
} from '../../demo/provider.ts'
import { freePort, type Host, type RunningCloakroom, startCloakroom } from './start-cloakroom.ts'
import { startTap } from './tap.ts'

export interface DemoStackOptions {
  host?: Host
  provider?: DemoProviderOptions
  env?: Record<string, string>
}

/** Provider and API in this process, so that their counters can be read; Cloakroom in one of its own. */
export interface DemoStack {
  readonly origin: string
  /** Everything that clients have sent to Cloakroom, headers included. */
  sent(): string
  /** Everything that they have received from it. */
  received(): string
  readonly provider: DemoProvider
  readonly api: DemoApi
  cloakroom(): RunningCloakroom
  /** Kills Cloakroom without a warning and starts it again with the same settings. */
  crashAndRestart(): Promise<void>
  close(): Promise<void>
}

export async function startDemoStack(options: DemoStackOptions = {}): Promise<DemoStack> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-stack-'))
  const port = await freePort()
  const tap = await startTap(port)
  const origin = `http://localhost:${tap.port}`
  const provider = await startDemoProvider({ publicOrigins: [origin], ...options.provider })
  const api = await startDemoApi({ issuer: provider.issuer })
  const env = {
    BFF_BASE_URL: origin,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    DEMO_API_URL: api.url,
    BFF_SECRET: randomBytes(32).toString('base64url'),
    BFF_STORE: 'sqlite',
    BFF_SQLITE_FILE: join(directory, 'cloakroom.db'),
    ...options.env,
  }
  const start = () => startCloakroom({ host: options.host ?? 'node', port, env })
  let cloakroom = await start().catch(async (error: unknown) => {
    await Promise.all([tap.close(), api.close(), provider.close()])
    throw error
  })

  return {
    origin,
    provider,
    api,
    sent: () => tap.sent(),
    received: () => tap.received(),
    cloakroom: () => cloakroom,
    async crashAndRestart() {
      await cloakroom.stop('SIGKILL')
      cloakroom = await start()
    },
    async close() {
      await cloakroom.stop()
      await Promise.all([tap.close(), api.close(), provider.close()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
