import { setTimeout as sleep } from 'node:timers/promises'
import { type KeyValue, type MaybePromise, StoreUnavailableError } from './key-value.ts'
import { createRedisAsker } from './redis-ask.ts'
import { createClusterMap } from './redis-cluster-map.ts'
import type { RedisCommands } from './redis-commands.ts'
import { errorCode, errorWords } from './redis-dial.ts'
import { createRedisNode, type RedisNode, type RedisNodeOptions } from './redis-node.ts'
import { slotOf } from './redis-slots.ts'
import { createOutages, type Outages, type StoreEvents } from './watch-health.ts'

export interface RedisClusterOptions extends Pick<RedisNodeOptions, 'prefix' | 'commandTimeoutMs'> {
  /** Some of the nodes; the password of the first is that of all. */
  readonly urls: readonly string[]
  /** Each master's outages are told by themselves. @default nobody is told */
  readonly events?: StoreEvents
}

/** Nodes are asked about each other; each answers at once, or is away. */
const askTimeoutMs = 2000
const lookMs = 1000
/** A master that was silent for longer may have been replaced: shorter than any `cluster-node-timeout` should be. */
const watch = { heartbeatMs: 250, longestSilenceMs: 1500 }
/** While slots move, a client is sent from one node to the other and back. */
const mostRedirects = 8
const rememberedChars = 32 * 1024 * 1024

/**
 * A Redis Cluster. Every operation has one key, so it goes to the master of that key's slot, by a connection of its own
 * with its own tracking; another master's outage is another's. A connection that broke or fell silent is believed again
 * when more than half of the nodes say that its server is still a master.
 */
export function createRedisCluster(options: RedisClusterOptions): KeyValue {
  const { urls, events = {}, prefix = 'cloakroom:' } = options
  const asker = createRedisAsker(askTimeoutMs)
  const nodes = new Map<string, RedisNode>()
  /** Named by a master as the one to which it hands a slot over: a new one has none of its own yet. */
  const introduced = new Set<string>()
  const outages = new Map<string, Outages>()
  /** Whose slots others have taken over. */
  const succeeded = new Set<string>()
  const urlOf = (place: string): string => {
    const url = new URL(urls[0] as string)
    url.host = place
    return url.href
  }
  const map = createClusterMap({
    asker,
    urlOf,
    seeds: urls.map((url) => {
      const { hostname, port } = new URL(url)
      return `${hostname}:${port || '6379'}`
    }),
    onChange(gone) {
      for (const place of gone) {
        const node = nodes.get(place)
        node?.forget()
        // Its connection ends with what is under way on it: whether that was done nobody can say.
        if (map.masters().has(place)) continue
        succeeded.add(place)
        node?.drop(new Error('another master was elected'))
      }
    },
  })
  const timer = setInterval(() => void map.look(), lookMs).unref()
  let first: Promise<unknown> | undefined = map.refresh().catch(() => {})

  function nodeAt(place: string): RedisNode {
    const known = nodes.get(place)
    if (known) return known
    const node = createRedisNode({
      ...options,
      rememberedChars,
      watch,
      address: () => urlOf(place),
      async confirm() {
        await map.refresh()
        const isMaster = map.masters().has(place) || introduced.has(place)
        if (!isMaster) throw new Error(`${place} is no master`)
      },
    })
    nodes.set(place, node)
    return node
  }

  const outageOf = (place: string) => {
    const known = outages.get(place) ?? createOutages('redis', events)
    outages.set(place, known)
    return known
  }

  /** The master of a slot, as far as anybody knows. */
  async function placeOf(slot: number): Promise<string> {
    const known = map.masterOf(slot)
    if (known !== undefined) return known
    if (first) await first
    first = undefined
    if (map.masterOf(slot) === undefined) await map.refresh().catch(unavailable)
    return map.masterOf(slot) ?? unavailable(new Error(`slot ${slot} has no master`))
  }

  /** Follows the cluster's word about where a slot is. A command that was sent on was not done. */
  async function route<T>(
    key: string,
    to: (node: RedisNode) => Promise<T>,
    asking: (commands: RedisCommands) => Promise<T>,
  ): Promise<T> {
    const slot = slotOf(key)
    for (let redirects = 0; ; redirects += 1) {
      const place = await placeOf(slot)
      try {
        const result = await outageOf(place).watch(attempt(place, to, asking))
        if (succeeded.size > 0) endOutages()
        return result
      } catch (error) {
        if (!(error instanceof Redirected) || redirects === mostRedirects) throw unwrapped(error)
        if (redirects > 0) await sleep(20 * redirects, undefined, { ref: false })
        await map.refresh().catch(unavailable)
      }
    }
  }

  /** Of masters that are none any more: what they had is answered by others. */
  function endOutages(): void {
    for (const place of succeeded) outages.get(place)?.over()
    succeeded.clear()
  }

  async function attempt<T>(
    place: string,
    to: (node: RedisNode) => Promise<T>,
    asking: (commands: RedisCommands) => Promise<T>,
  ): Promise<T> {
    try {
      return await to(nodeAt(place))
    } catch (error) {
      const cause = error instanceof StoreUnavailableError ? error.cause : undefined
      const [code, , elsewhere] = errorWords(cause)
      if (code === 'ASK' && elsewhere !== undefined) {
        introduced.add(elsewhere)
        return asking(nodeAt(elsewhere).asking).catch((failure: unknown) => {
          const isMoved = errorCode((failure as { cause?: unknown }).cause) === 'MOVED'
          throw isMoved ? new Redirected(failure) : failure
        })
      }
      throw code === 'MOVED' || code === 'TRYAGAIN' ? new Redirected(error) : error
    }
  }

  const entry = (key: string) => `${prefix}entry:${key}`
  const set = (key: string) => `${prefix}set:${key}`
  const lease = (key: string) => `${prefix}lease:${key}`

  /** At once, where it is remembered. */
  function get(key: string): MaybePromise<Awaited<ReturnType<KeyValue['getFresh']>>> {
    const place = map.masterOf(slotOf(entry(key)))
    const node = place === undefined ? undefined : nodes.get(place)
    let found = node?.get(key)
    if (found !== undefined && !(found instanceof Promise)) return found
    // Whoever waits for it hears of it; the slot may be another's by then.
    found?.catch(() => {})
    return route(
      entry(key),
      async (it) => {
        const begun = it === node ? found : undefined
        found = undefined
        return begun ?? it.get(key)
      },
      (it) => it.readPrimary(key),
    )
  }

  return {
    kind: 'redis',
    get,
    getFresh: (key) =>
      route(
        entry(key),
        (it) => it.getFresh(key),
        (it) => it.readPrimary(key),
      ),
    create: (key, ...rest) => both(entry(key), (it) => it.create(key, ...rest)),
    replace: (key, ...rest) => both(entry(key), (it) => it.replace(key, ...rest)),
    touch: (key, ttlMs) => both(entry(key), (it) => it.touch(key, ttlMs)),
    delete: (key) => both(entry(key), (it) => it.delete(key)),
    addMember: (key, ...rest) => both(set(key), (it) => it.addMember(key, ...rest)),
    removeMember: (key, member) => both(set(key), (it) => it.removeMember(key, member)),
    members: (key) => both(set(key), (it) => it.members(key)),
    acquireLease: (key, ...rest) => both(lease(key), (it) => it.acquireLease(key, ...rest)),
    renewLease: (key, ...rest) => both(lease(key), (it) => it.renewLease(key, ...rest)),
    releaseLease: (key, owner) => both(lease(key), (it) => it.releaseLease(key, owner)),
    /** While more than half of the masters answer, most sessions are served: this instance is of use. */
    async ping() {
      if (map.masters().size === 0) await map.refresh().catch(unavailable)
      const places = [...map.masters()]
      const pings = await Promise.allSettled(places.map((place) => nodeAt(place).ping()))
      const failed = pings.filter((it) => it.status === 'rejected')
      if (failed.length >= places.length / 2) throw failed[0]?.reason ?? unavailable('no master')
    },
    async close() {
      clearInterval(timer)
      asker.close()
      await Promise.all([...nodes.values()].map((node) => node.close()))
    },
  }

  function both<T>(
    key: string,
    operation: (it: RedisNode | RedisCommands) => Promise<T>,
  ): Promise<T> {
    return route(key, operation, operation)
  }
}

/** The cluster says that another node has the slot. */
class Redirected extends Error {
  constructor(cause: unknown) {
    super('the slot is elsewhere', { cause })
  }
}

function unwrapped(error: unknown): unknown {
  return error instanceof Redirected ? error.cause : error
}

function unavailable(cause: unknown): never {
  throw cause instanceof StoreUnavailableError ? cause : new StoreUnavailableError(cause)
}
