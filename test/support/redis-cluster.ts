import { setTimeout as sleep } from 'node:timers/promises'
import { createRedisAsker } from '#lib/store/redis-ask.ts'
import { slotCount, slotOf } from '#lib/store/redis-slots.ts'
import { freePort } from './free-port.ts'
import { type RedisServer, startRedisServer } from './redis-server.ts'

/** Three masters, and a replica of each, on free ports of the loopback address. */
export interface RedisCluster {
  /** For `REDIS_URL`: two of the nodes. */
  readonly url: string
  readonly nodes: readonly RedisServer[]
  /** The server that is the master of a key's slot now, by what most of the others say. */
  masterOf(key: string): Promise<RedisServer>
  /** Hands the slot of a key over to another master, step by step as `redis-cli --cluster reshard` does. */
  move(key: string, during?: () => Promise<void>): Promise<void>
  /** Resolves when every slot has a master that answers. */
  whole(): Promise<void>
  close(): Promise<void>
}

const nodeTimeoutMs = 2000

export async function startRedisCluster(more: readonly string[] = []): Promise<RedisCluster> {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const bus = await freePort()
      const args = [
        ...['--cluster-enabled', 'yes', '--cluster-port', `${bus}`],
        ...['--cluster-node-timeout', `${nodeTimeoutMs}`, '--cluster-replica-validity-factor', '0'],
        ...['--repl-diskless-sync-delay', '0', '--cluster-announce-ip', '127.0.0.1'],
        // Else all slots are away while some are.
        ...['--cluster-require-full-coverage', 'no', ...more],
      ]
      return { server: await startRedisServer({ args }), bus }
    }),
  )
  const servers = nodes.map(({ server }) => server)
  const asker = createRedisAsker(2000)
  const ask = ({ url }: RedisServer, ...args: string[]) => asker.ask(url, args)
  const idOf = async (server: RedisServer) => String(await ask(server, 'CLUSTER', 'MYID'))

  async function until(what: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 40_000
    while (!(await what().catch(() => false))) {
      if (performance.now() > end) throw new Error('the cluster did not come together')
      await sleep(50)
    }
  }

  async function whole(): Promise<void> {
    await until(async () => {
      const infos = await Promise.all(
        servers.map((it) => ask(it, 'CLUSTER', 'INFO').catch(() => undefined)),
      )
      const told = infos.filter((it) => it !== undefined).map(String)
      const roles = await Promise.all(servers.map((it) => ask(it, 'ROLE').catch(() => [])))
      const copies = roles.map((it) => it as unknown[]).filter(([role]) => role === 'slave')
      return (
        copies.length >= 3 - (6 - told.length) &&
        copies.every((it) => it[3] === 'connected') &&
        told.length > 3 &&
        told.every((it) => it.includes('cluster_state:ok') && it.includes('cluster_slots_ok:16384'))
      )
    })
  }

  const [first, ...others] = nodes as [(typeof nodes)[number], ...typeof nodes]
  for (const { server, bus } of others) {
    await ask(first.server, 'CLUSTER', 'MEET', '127.0.0.1', `${server.port}`, `${bus}`)
  }
  for (const [i, server] of servers.slice(0, 3).entries()) {
    const from = Math.floor((i * slotCount) / 3)
    const to = Math.floor(((i + 1) * slotCount) / 3) - 1
    await ask(server, 'CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`)
  }
  for (const [i, server] of servers.slice(3).entries()) {
    const id = await idOf(servers[i] as RedisServer)
    await until(async () => String(await ask(server, 'CLUSTER', 'NODES')).includes(id))
    await until(async () => (await ask(server, 'CLUSTER', 'REPLICATE', id)) === 'OK')
  }
  await whole()

  async function masterOf(key: string): Promise<RedisServer> {
    const slot = slotOf(key)
    const ports = new Map<number, number>()
    for (const server of servers) {
      const ranges = (await ask(server, 'CLUSTER', 'SLOTS').catch(() => [])) as [
        number,
        number,
        [string, number],
      ][]
      const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1]
      if (port !== undefined) ports.set(port, (ports.get(port) ?? 0) + 1)
    }
    const [port] = [...ports].sort((a, b) => b[1] - a[1])[0] ?? []
    const found = servers.find((it) => it.port === port)
    if (!found) throw new Error(`nobody has slot ${slot}`)
    return found
  }

  return {
    url: `redis://127.0.0.1:${servers[0]?.port},127.0.0.1:${servers[4]?.port}`,
    nodes: servers,
    masterOf,
    whole,
    async move(key, during = async () => {}) {
      const slot = String(slotOf(key))
      const source = await masterOf(key)
      const masters = await Promise.all(
        servers.map(async (it) => ((await ask(it, 'ROLE')) as unknown[])[0] === 'master'),
      )
      const target = servers.find((it, i) => masters[i] && it !== source) as RedisServer
      const [from, to] = [await idOf(source), await idOf(target)]
      await ask(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', from)
      await ask(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', to)
      await during()
      for (;;) {
        const keys = (await ask(source, 'CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[]
        if (keys.length === 0) break
        const port = `${target.port}`
        await ask(source, 'MIGRATE', '127.0.0.1', port, '', '0', '5000', 'KEYS', ...keys)
        await during()
      }
      await ask(target, 'CLUSTER', 'SETSLOT', slot, 'NODE', to)
      await ask(source, 'CLUSTER', 'SETSLOT', slot, 'NODE', to)
      await whole()
    },
    async close() {
      asker.close()
      await Promise.all(servers.map((it) => it.close()))
    },
  }
}
