import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRedisAsker } from '#lib/store/redis-ask.ts'
import { freePort } from './free-port.ts'
import { type RedisServer, startRedisServer } from './redis-server.ts'

/** A master, two replicas and three sentinels, on free ports of the loopback address. */
export interface RedisSentinels {
  /** For `REDIS_URL`: the sentinels. */
  readonly url: string
  /** For `REDIS_SENTINEL`. */
  readonly master: string
  readonly servers: readonly RedisServer[]
  /** Whom most sentinels call the master now. */
  current(): Promise<RedisServer>
  close(): Promise<void>
}

const master = 'sessions'

export async function startRedisSentinels({
  password = '',
  args: more = [],
}: {
  password?: string
  args?: readonly string[]
} = {}): Promise<RedisSentinels> {
  const first = await startRedisServer({ args: ['--repl-diskless-sync-delay', '0', ...more] })
  const args = [
    ...more,
    '--replicaof',
    '127.0.0.1',
    `${first.port}`,
    '--repl-diskless-sync-delay',
    '0',
  ]
  const replicas = await Promise.all([0, 1].map(() => startRedisServer({ args })))
  const servers = [first, ...replicas]
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-sentinel-'))
  const ports: number[] = []
  const children: ChildProcess[] = []
  for (let i = 0; i < 3; i += 1) {
    const port = await freePort()
    const file = join(directory, `${i}.conf`)
    writeFileSync(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${directory}`,
        ...(password ? [`requirepass ${password}`, `sentinel sentinel-pass ${password}`] : []),
        `sentinel monitor ${master} 127.0.0.1 ${first.port} 2`,
        `sentinel down-after-milliseconds ${master} 2000`,
        `sentinel failover-timeout ${master} 5000`,
        '',
      ].join('\n'),
    )
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
    const killAtExit = (): void => void child.kill('SIGKILL')
    process.once('exit', killAtExit)
    child.once('close', () => process.removeListener('exit', killAtExit))
    children.push(child)
    ports.push(port)
  }
  const asker = createRedisAsker(2000)
  const user = password ? `:${password}@` : ''
  const ask = (port: number, ...args: string[]) =>
    asker.ask(`redis://${user}127.0.0.1:${port}`, args)

  async function current(): Promise<RedisServer> {
    const said = await Promise.all(
      ports.map((port) =>
        ask(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master).catch(() => undefined),
      ),
    )
    const named = said.map((it) => Number((it as [string, string] | undefined)?.[1]))
    const port = named.find((it) => named.filter((other) => other === it).length > 1)
    const found = servers.find((it) => it.port === port)
    if (!found) throw new Error(`the sentinels disagree: ${named.join()}`)
    return found
  }

  const end = performance.now() + 40_000
  for (;;) {
    // Each has to know the two replicas and the two other sentinels before it can elect anybody.
    const ready = await Promise.all(
      ports.map(async (port) => {
        const others = (await ask(port, 'SENTINEL', 'SENTINELS', master)) as unknown[]
        const copies = (await ask(port, 'SENTINEL', 'REPLICAS', master)) as unknown[]
        return others.length === 2 && copies.length === 2
      }),
    ).catch(() => [false])
    if (ready.every(Boolean)) break
    if (performance.now() > end) throw new Error('the sentinels did not find each other')
    await sleep(100)
  }

  return {
    url: `redis://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    master,
    servers,
    current,
    async close() {
      asker.close()
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return
          const closed = once(child, 'close')
          child.kill('SIGKILL')
          await closed
        }),
      )
      await Promise.all(servers.map((it) => it.close()))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
