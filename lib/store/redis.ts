import type { KeyValue } from './key-value.ts'
import { createRedisNode, type RedisNodeOptions } from './redis-node.ts'

export interface RedisStoreOptions extends Omit<RedisNodeOptions, 'address' | 'confirm' | 'watch'> {
  /** `redis://` or, with TLS, `rediss://`; user, password and database as usual. */
  readonly url: string
}

/** Any number of instances on one Redis 5 or later (or what speaks like it), with or without replicas. */
export function createRedisStore({ url, ...options }: RedisStoreOptions): KeyValue {
  const {
    asking: _,
    forget: __,
    drop: ___,
    ...node
  } = createRedisNode({
    ...options,
    address: () => url,
  })
  return { kind: 'redis', ...node }
}
