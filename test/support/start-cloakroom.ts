import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'

export type Host = 'node' | 'next'

export interface StartCloakroomOptions {
  /** `node`: `node server.ts`. `next`: `next start`, which needs a build. @default 'node' */
  host?: Host
  /** @default a free one */
  port?: number
  /** On top of a development machine's necessities; nothing else of this process is passed on. */
  env?: Record<string, string>
  /** False: answers as soon as the process runs, for starts that are meant to fail. @default true */
  waitForReady?: boolean
}

/** Cloakroom as its users run it: a process of its own. */
export interface RunningCloakroom {
  readonly host: Host
  readonly port: number
  /** `http://localhost:<port>` */
  readonly origin: string
  readonly pid: number
  /** Events of the log so far, oldest first. */
  log(): LogLine[]
  /** Everything that the process has printed. */
  output(): string
  /** Sends a signal and waits for the end. @default 'SIGTERM' */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Resolves when the process has ended by itself. */
  ended(): Promise<number | null>
}

export type LogLine = Record<string, unknown> & { event?: string; level?: string | number }

const root = join(import.meta.dirname, '../..')

export async function startCloakroom(
  options: StartCloakroomOptions = {},
): Promise<RunningCloakroom> {
  const host = options.host ?? 'node'
  const port = options.port ?? (await freePort())
  const origin = `http://localhost:${port}`
  const next = join(root, 'node_modules/next/dist/bin/next')
  const args = {
    node: [join(root, 'server.ts')],
    next: [next, 'start', '--port', String(port), '--hostname', '127.0.0.1'],
  }
  const child = spawn(process.execPath, args[host], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      PORT: String(port),
      HOST: '127.0.0.1',
      BFF_BASE_URL: origin,
      BFF_SECRET: randomBytes(32).toString('base64url'),
      BFF_STORE: 'memory',
      LOG_LEVEL: 'debug',
      BFF_DRAIN: '0',
      ...options.env,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      output += chunk
    })
  }
  const closed = once(child, 'close')

  const running: RunningCloakroom = {
    host,
    port,
    origin,
    pid: child.pid ?? 0,
    log: () => output.split('\n').flatMap(parseLine),
    output: () => output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      await closed
      return { code: child.exitCode, signal: child.signalCode }
    },
    async ended() {
      await closed
      return child.exitCode
    },
  }
  if (options.waitForReady !== false) await waitForReady(running, child)
  return running
}

async function waitForReady(running: RunningCloakroom, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Cloakroom ended at its start:\n${running.output()}`)
    }
    // The Next host serves the endpoints through its pages' server: one ready, both ready.
    const answers = await Promise.all([
      fetch(`${running.origin}/bff/health/ready`).catch(() => undefined),
      fetch(`${running.origin}/icon.svg`).catch(() => undefined),
    ])
    for (const answer of answers) await answer?.body?.cancel()
    if (answers.every((answer) => answer?.ok)) return
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`Cloakroom was not ready in time:\n${running.output()}`)
    }
    await sleep(50)
  }
}

function parseLine(line: string): LogLine[] {
  if (!line.startsWith('{')) return []
  try {
    return [JSON.parse(line) as LogLine]
  } catch {
    return []
  }
}
