import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** A real Redis server of the test's own, on a free port of the loopback address, without persistence. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** SIGSTOP: connections stay open and nothing answers, as with a hung server or a lost network. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** SIGKILL: connections break and new ones are refused; the data is gone. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
  /** Kills it for good and removes its directory. */
  close(): Promise<void>
}

export interface RedisServerOptions {
  /** More arguments of `redis-server`. */
  args?: readonly string[]
}

/** @throws when no `redis-server` is on the PATH, with what it said when it would not start */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-redis-'))
  const port = await freePort()
  let child = await launch(port, directory, options.args ?? [])

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    async restart() {
      await kill()
      child = await launch(port, directory, options.args ?? [])
    },
    async close() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function launch(
  port: number,
  directory: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const fixed = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory]
  const child = spawn('redis-server', [...fixed, '--save', '', '--appendonly', 'no', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // A test process that dies must not leave a server behind.
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  child.once('close', () => process.removeListener('exit', killAtExit))
  await ready(child)
  return child
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said = (said + chunk).slice(-10_000)
      if (said.includes('Ready to accept connections')) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', (cause) => reject(new Error('redis-server cannot be run', { cause })))
    child.once('close', () => reject(new Error(`redis-server did not start:\n${said}`)))
  })
}
