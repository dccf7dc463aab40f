import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '#lib/config/define-config.ts'
import { type DemoApi, startDemoApi } from '../stand-ins/api.ts'
import {
  type DemoProvider,
  type DemoProviderOptions,
  startDemoProvider,
} from '../stand-ins/provider.ts'
import { freePort } from './free-port.ts'
import { type Host, type RunningCloakroom, startCloakroom } from './start-cloakroom.ts'
import { startTap } from './tap.ts'

export interface DemoStackOptions {
  host?: Host
  provider?: DemoProviderOptions
  env?: Record<string, string>
  /** In place of `bff.config.ts`; told what runs by then. */
  config?: (running: { provider: DemoProvider; api: DemoApi }) => Config | Promise<Config>
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
  const configFile = join(directory, 'bff.json')
  if (options.config) {
    writeFileSync(configFile, JSON.stringify(await options.config({ provider, api })))
  }
  const env = {
    BFF_BASE_URL: origin,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    DEMO_API_URL: api.url,
    BFF_SECRET: randomBytes(32).toString('base64url'),
    BFF_STORE: 'sqlite',
    BFF_SQLITE_FILE: join(directory, 'cloakroom.db'),
    ...(options.config ? { BFF_CONFIG_FILE: configFile } : {}),
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
      // First: a browser holds connections open that it has never used.
      await tap.close()
      await cloakroom.stop()
      await Promise.all([api.close(), provider.close()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
