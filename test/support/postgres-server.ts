import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'

/** A real PostgreSQL server of the test's own, on a free port of the loopback address. */
export interface PostgresServer {
  readonly port: number
  /** As the superuser, who needs no password. */
  readonly url: string
  /** SIGSTOP to it and all of its processes: connections stay open and nothing answers. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** SIGQUIT, as if it had crashed: connections break and new ones are refused. */
  kill(): Promise<void>
  /** Starts it again with its data, on the same port; ends it before if need be. */
  restart(): Promise<void>
  /** Ends it for good and removes its directory. */
  close(): Promise<void>
}

export interface PostgresServerOptions {
  /** Settings beside the usual ones, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>
  /** Lines of pg_hba.conf that go before "everybody, without a password". */
  access?: readonly string[]
  /** Offers TLS with this key and certificate. */
  tls?: { readonly key: string; readonly cert: string }
}

/** @throws when PostgreSQL is not installed, with what it said when it would not start */
export async function startPostgresServer(
  options: PostgresServerOptions = {},
): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-postgres-'))
  const user = ordinaryUser()
  // Root may not run it, so its folder belongs to who does.
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid ?? user.uid)
  chmodSync(directory, 0o700)
  const data = join(directory, 'data')
  const settled = { cwd: directory, ...user }
  const as = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  execFileSync(program('initdb'), ['-D', data, ...as], { ...settled, stdio: 'pipe' })
  const access = join(data, 'pg_hba.conf')
  const lines = [...(options.access ?? []), readFileSync(access, 'utf8')]
  writeFileSync(access, `${lines.join('\n')}\n`)
  for (const [name, text] of Object.entries(options.tls ?? {})) {
    const file = join(directory, name)
    writeFileSync(file, text, { mode: 0o600 })
    if (user.uid !== undefined) chownSync(file, user.uid, user.gid ?? user.uid)
  }
  const port = await freePort()
  let child = await launch()

  async function launch(): Promise<ChildProcess> {
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      shared_buffers: '32MB',
      ...(options.tls && {
        ssl: 'on',
        ssl_key_file: join(directory, 'key'),
        ssl_cert_file: join(directory, 'cert'),
      }),
      ...options.settings,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    return start(program('postgres'), ['-D', data, ...args], settled)
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGQUIT')
    await closed
  }

  function signalAll(signal: NodeJS.Signals): void {
    const backends = descendants(child.pid ?? 0)
    for (const pid of [child.pid ?? 0, ...backends]) {
      try {
        process.kill(pid, signal)
      } catch {
        // It ended meanwhile.
      }
    }
  }

  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    kill,
    async restart() {
      await kill()
      child = await launch()
    },
    async close() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function start(
  path: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<ChildProcess> {
  const child = spawn(path, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  // A test process that dies must not leave a server behind.
  const killAtExit = (): void => void child.kill('SIGQUIT')
  process.once('exit', killAtExit)
  child.once('close', () => process.removeListener('exit', killAtExit))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-10_000)
      if (said.includes('database system is ready to accept connections')) resolve()
    })
    child.once('error', (cause) => reject(new Error('postgres cannot be run', { cause })))
    child.once('close', () => reject(new Error(`postgres did not start:\n${said}`)))
  })
  return child
}

/** Of root's processes: the user `nobody`. An ordinary user stays who they are. */
function ordinaryUser(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
}

/** Beside the server's own program, which Debian keeps off the PATH, by version. */
function program(name: string): string {
  const chosen = process.env.POSTGRES_PATH
  if (chosen) return join(dirname(chosen), name)
  const newest = globSync('/usr/lib/postgresql/*/bin/postgres').sort().at(-1)
  return newest ? join(dirname(newest), name) : name
}

/** Each connection has a process of its own, a child of the server. */
function descendants(parent: number): number[] {
  const printed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString()
  return printed
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid && ppid === parent ? [pid] : []))
}

/** Runs SQL past our own code, as an operator would. */
export async function postgresQuery(url: string, text: string): Promise<unknown[][]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}
