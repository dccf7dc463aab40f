import { createHash } from 'node:crypto'
import { type Entry, type KeyValue, StoreUnavailableError } from './key-value.ts'

/** Lua that runs in the server, atomically, and touches the one key that it is given. */
export interface RedisScript {
  readonly source: string
  /** By which the server knows it once it has seen it. */
  readonly sha: string
  /** `once`: a second time would be answered differently, as "somebody else has done it". */
  readonly repeat: 'once' | 'again'
}

export interface RedisCommandsDeps {
  /** Of every key. */
  readonly prefix: string
  run(script: RedisScript, key: string, ...args: string[]): Promise<unknown>
}

export interface RedisCommands
  extends Omit<KeyValue, 'kind' | 'get' | 'getFresh' | 'ping' | 'close'> {
  /** What an entry's key is called in Redis. */
  entryKey(key: string): string
  /** Reads where the writes are done, never at a replica. */
  readPrimary(key: string): Promise<Entry | undefined>
}

/**
 * How things lie in Redis. An entry is a hash of `v` value, `n` version and `x` expiry (epoch
 * milliseconds by the server's clock), so that one HMGET answers everything; the key's own expiry is
 * set to the same moment, and is what ends it. A set is a set; a lease is a string holding its owner.
 * The kind is part of the key, so no key of one kind can stand in for another.
 */
export function createRedisCommands({ prefix, run }: RedisCommandsDeps): RedisCommands {
  const entryKey = (key: string): string => `${prefix}entry:${key}`
  const setKey = (key: string): string => `${prefix}set:${key}`
  const leaseKey = (key: string): string => `${prefix}lease:${key}`

  return {
    entryKey,
    readPrimary: async (key) => parseEntry(await run(scripts.read, entryKey(key))),
    create: async (key, value, ttlMs) =>
      (await run(scripts.create, entryKey(key), value, whole(ttlMs))) === 1,
    async replace(key, version, value, ttlMs) {
      const ttl = ttlMs === undefined ? '' : whole(ttlMs)
      return (
        Number(await run(scripts.replace, entryKey(key), `${version}`, value, ttl)) || undefined
      )
    },
    touch: async (key, ttlMs) => (await run(scripts.touch, entryKey(key), whole(ttlMs))) === 1,
    delete: async (key) => (await run(scripts.delete, entryKey(key))) === 1,

    async addMember(key, member, ttlMs) {
      await run(scripts.addMember, setKey(key), member, whole(ttlMs))
    },
    async removeMember(key, member) {
      await run(scripts.removeMember, setKey(key), member)
    },
    members: async (key) => (await run(scripts.members, setKey(key))) as string[],

    acquireLease: async (key, owner, ttlMs) =>
      (await run(scripts.acquireLease, leaseKey(key), owner, whole(ttlMs))) === 1,
    renewLease: async (key, owner, ttlMs) =>
      (await run(scripts.renewLease, leaseKey(key), owner, whole(ttlMs))) === 1,
    releaseLease: async (key, owner) =>
      (await run(scripts.releaseLease, leaseKey(key), owner)) === 1,
  }
}

export const entryFields = ['v', 'n', 'x'] as const

/**
 * The reply to an HMGET of entryFields.
 *
 * @throws StoreUnavailableError for anything else: "I do not understand" is not "not there"
 */
export function parseEntry(reply: unknown): Entry | undefined {
  if (!Array.isArray(reply) || reply.length !== entryFields.length) {
    throw new StoreUnavailableError(new Error('an answer that is no entry'))
  }
  const [value, version, expiresAt] = reply
  if (typeof value !== 'string') return undefined
  return { value, version: Number(version), expiresAt: Number(expiresAt) }
}

/** Redis takes whole milliseconds only. */
const whole = (ms: number): string => `${Math.ceil(ms)}`

// The server's clock, never the caller's: instances whose clocks differ agree on every expiry.
const expire = `
local function expire(ttl)
  local t = redis.call('TIME')
  local x = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ttl)
  redis.call('HSET', KEYS[1], 'x', x)
  redis.call('PEXPIREAT', KEYS[1], x)
end`

const scripts = {
  read: script('again', `return redis.call('HMGET', KEYS[1], 'v', 'n', 'x')`),

  // ARGV: value, ttl
  create: script(
    'once',
    `${expire}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', 1)
expire(ARGV[2])
return 1`,
  ),

  // ARGV: version, value, ttl or ''
  replace: script(
    'once',
    `${expire}
if redis.call('HGET', KEYS[1], 'n') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2])
if ARGV[3] ~= '' then expire(ARGV[3]) end
return redis.call('HINCRBY', KEYS[1], 'n', 1)`,
  ),

  // ARGV: ttl
  touch: script(
    'again',
    `${expire}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
expire(ARGV[1])
return 1`,
  ),

  delete: script('once', `return redis.call('DEL', KEYS[1])`),

  // ARGV: member, ttl
  addMember: script(
    'again',
    `redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1`,
  ),
  removeMember: script('again', `return redis.call('SREM', KEYS[1], ARGV[1])`),
  members: script('again', `return redis.call('SMEMBERS', KEYS[1])`),

  // ARGV: owner, ttl
  acquireLease: script(
    'once',
    `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`,
  ),
  renewLease: script(
    'again',
    `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  ),

  // ARGV: owner
  releaseLease: script(
    'once',
    `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  ),
}

function script(repeat: RedisScript['repeat'], source: string): RedisScript {
  return { source, repeat, sha: createHash('sha1').update(source).digest('hex') }
}
