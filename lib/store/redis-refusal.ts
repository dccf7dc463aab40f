import { setTimeout as sleep } from 'node:timers/promises'
import { type KeyValue, StoreUnavailableError } from './key-value.ts'
import { errorCode } from './redis-dial.ts'
import { StoreRefusedError } from './refused-error.ts'

interface RedisRefusal {
  readonly setting: string
  readonly problem: string
  readonly fix: string
}

/** As the settings have it. */
type Topology = { readonly cluster?: boolean; readonly sentinel?: string }

const longestLookMs = 3000

/** Throws StoreRefusedError for what Redis refuses at the start. Not being there is no refusal: it may come. */
export async function lookAtRedis(store: KeyValue, topology: Topology): Promise<void> {
  const over = new AbortController()
  const look = store.getFresh('start').then(
    () => undefined,
    (cause: unknown) => cause,
  )
  const late = sleep(longestLookMs, undefined, { ref: false, signal: over.signal })
  const cause = await Promise.race([look, late])
  over.abort()
  late.catch(() => {})
  const refusal = redisRefusal(cause, topology)
  if (!refusal) return
  await store.close()
  throw new StoreRefusedError(refusal, cause)
}

/** By the code of the reply, wherever it stands among the causes. */
function redisRefusal(cause: unknown, topology: Topology): RedisRefusal | undefined {
  switch (codeIn(cause)) {
    case 'WRONGPASS':
    case 'NOAUTH':
    case 'NOPERM':
      return topology.sentinel !== undefined && isOfSentinel(cause)
        ? {
            setting: 'REDIS_SENTINEL_PASSWORD',
            problem: 'is not what the sentinels want',
            fix: 'set it as their requirepass has it',
          }
        : {
            setting: 'REDIS_URL',
            problem: 'has a user or password that Redis refuses',
            fix: 'write redis://user:password@host:port as the server knows them',
          }
    case 'MOVED':
    case 'CLUSTERDOWN':
      if (topology.cluster) return undefined
      return {
        setting: 'REDIS_CLUSTER',
        problem: 'is not true, and the server is a node of a cluster',
        fix: 'set REDIS_CLUSTER=true',
      }
    case 'ERR':
      return topology.cluster === true
        ? {
            setting: 'REDIS_CLUSTER',
            problem: 'is true, and the server is no node of a cluster',
            fix: 'take it out, or name a node of the cluster in REDIS_URL',
          }
        : undefined
    default:
      return undefined
  }
}

/** What sentinels refuse says so. */
export class SentinelError extends Error {}

function isOfSentinel(cause: unknown): boolean {
  return chain(cause).some((it) => it instanceof SentinelError)
}

function codeIn(cause: unknown): string | undefined {
  return chain(cause)
    .map(errorCode)
    .find((it) => it !== undefined)
}

function chain(cause: unknown): unknown[] {
  if (cause instanceof AggregateError) return [cause, ...cause.errors.flatMap(chain)]
  if (!(cause instanceof Error)) return []
  const isOurs = cause instanceof StoreUnavailableError || cause.cause !== undefined
  return isOurs ? [cause, ...chain(cause.cause)] : [cause]
}
