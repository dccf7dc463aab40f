import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadEnvFile } from '#lib/config/env-file.ts'
import { ensureBuild } from '../scripts/ensure-build.ts'
import { startDemoApi } from '../test/stand-ins/api.ts'
import { startDemoProvider } from '../test/stand-ins/provider.ts'
import { demoUsers } from '../test/stand-ins/users.ts'

/**
 * `npm run demo`: an OpenID Provider, an API and Cloakroom, each on a port of its own.
 * `npm run dev` (`--dev`): the same with `next dev`, which shows changes at once.
 * Where `OIDC_ISSUER` is set, in the environment or in `.env`, the provider is that one, and no other is started.
 */
const root = join(import.meta.dirname, '..')
const dev = process.argv.includes('--dev')
loadEnvFile(root)
const { env } = process
const ports = {
  PORT: Number(env.PORT ?? 3000),
  DEMO_IDP_PORT: Number(env.DEMO_IDP_PORT ?? 4000),
  DEMO_API_PORT: Number(env.DEMO_API_PORT ?? 4001),
}
const origin = env.BFF_BASE_URL ?? `http://localhost:${ports.PORT}`
const host = env.HOST ?? '127.0.0.1'
const ownIssuer = env.OIDC_ISSUER?.trim() || undefined

const needed = Object.entries(ports).slice(0, ownIssuer === undefined ? undefined : 1)
for (const [name, port] of needed) {
  if (await isFree(port, host)) continue
  console.error(`Port ${port} is taken. Choose another one: ${name}=${port + 10} npm run demo`)
  process.exit(1)
}
if (!dev) {
  await ensureBuild().catch((error: Error) => {
    console.error(error.message)
    process.exit(1)
  })
}

const data = join(root, '.data')
mkdirSync(data, { recursive: true, mode: 0o700 })
const demo = ownIssuer === undefined ? await startDemo() : undefined
const app = startApp()

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(0))
app.once('exit', (code) => stop(stopping ? 0 : (code ?? 1)))

if (await isReady(app)) {
  const provider = demo
    ? `  Provider    ${demo.provider.issuer}
  API         ${demo.api.url}

  People: ${demoUsers.map(({ sub }) => sub).join(', ')}. No password is needed.`
    : `  Provider    ${ownIssuer}, by OIDC_ISSUER`
  console.log(`
  Cloakroom   ${origin}
${provider}
  Ctrl-C stops everything.
`)
}

/** Provider and API of the demo. */
async function startDemo() {
  const provider = await startDemoProvider({
    port: ports.DEMO_IDP_PORT,
    host,
    publicOrigins: [origin],
    stateFile: join(data, 'demo-provider.json'),
  })
  const api = await startDemoApi({ port: ports.DEMO_API_PORT, host, issuer: provider.issuer })
  return { provider, api }
}

function startApp(): ChildProcess {
  const next = join(root, 'node_modules/next/dist/bin/next')
  const args = dev
    ? [next, 'dev', '--port', String(ports.PORT), '--hostname', host]
    : [join(root, 'server.ts')]
  return spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      LOG_LEVEL: 'warn',
      BFF_DRAIN: '0',
      ...env,
      NODE_ENV: dev ? 'development' : 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      PORT: String(ports.PORT),
      HOST: host,
      BFF_BASE_URL: origin,
      BFF_SECRET: env.BFF_SECRET ?? keptSecret(join(data, 'demo-secret')),
      BFF_STORE: env.BFF_STORE ?? 'sqlite',
      ...(demo && {
        OIDC_ISSUER: demo.provider.issuer,
        OIDC_CLIENT_ID: demo.provider.clientId,
        OIDC_CLIENT_SECRET: demo.provider.clientSecret,
        DEMO_API_URL: demo.api.url,
      }),
    },
  })
}

/** Made at the first start and kept, so that a restart signs nobody out. */
function keptSecret(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const secret = randomBytes(32).toString('base64url')
  writeFileSync(file, secret, { mode: 0o600 })
  return secret
}

async function isReady(child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && !stopping) {
    const answer = await fetch(`${origin}/bff/health/ready`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return true
    await sleep(200)
  }
  return false
}

async function stop(code: number): Promise<void> {
  if (stopping) return
  stopping = true
  if (app.exitCode === null && app.signalCode === null) {
    app.kill('SIGTERM')
    await once(app, 'exit')
  }
  await Promise.all([demo?.api.close(), demo?.provider.close()])
  process.exit(code)
}

async function isFree(port: number, address: string): Promise<boolean> {
  const probe = createServer()
  probe.listen(port, address)
  const [failure] = await Promise.race([once(probe, 'listening'), once(probe, 'error')]).catch(
    (error: unknown) => [error],
  )
  if (failure) return false
  probe.close()
  await once(probe, 'close')
  return true
}
