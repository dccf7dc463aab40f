import { createHash } from 'node:crypto'

/** Lua that runs in the server, atomically. Each touches the one key that it is given. */
export interface RedisScript {
  readonly source: string
  /** By which the server knows it once it has been loaded. */
  readonly sha: string
}

/**
 * How things lie in Redis. An entry is a hash of `v` value, `n` version and `x` expiry (epoch
 * milliseconds by the server's clock), so that one HMGET answers everything; the key's own expiry is
 * set to the same moment, and is what ends it. A set is a set; a lease is a string holding its owner.
 * The kind is part of the key, so no key of one kind can stand in for another.
 */
export const redisKey = {
  entry: (prefix: string, key: string): string => `${prefix}entry:${key}`,
  set: (prefix: string, key: string): string => `${prefix}set:${key}`,
  lease: (prefix: string, key: string): string => `${prefix}lease:${key}`,
}

export const ENTRY_FIELDS = ['v', 'n', 'x'] as const

// The server's clock, never the caller's: instances whose clocks differ agree on every expiry.
const EXPIRY = `
local function expiry(ttl)
  local t = redis.call('TIME')
  return string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ttl)
end`

export const redisScripts = {
  /** ARGV value, ttl. 1, or 0 when the key exists. */
  create: script(`${EXPIRY}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local x = expiry(ARGV[2])
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', 1, 'x', x)
redis.call('PEXPIREAT', KEYS[1], x)
return 1`),

  /** ARGV version, value, ttl or ''. The new version, or 0 when the key is not at that version. */
  replace: script(`${EXPIRY}
if redis.call('HGET', KEYS[1], 'n') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2])
local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
if ARGV[3] ~= '' then
  local x = expiry(ARGV[3])
  redis.call('HSET', KEYS[1], 'x', x)
  redis.call('PEXPIREAT', KEYS[1], x)
end
return n`),

  /** ARGV ttl. 1, or 0 when there is no such key. */
  touch: script(`${EXPIRY}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local x = expiry(ARGV[1])
redis.call('HSET', KEYS[1], 'x', x)
redis.call('PEXPIREAT', KEYS[1], x)
return 1`),

  /** ARGV member, ttl. */
  addMember: script(`
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1`),

  /** ARGV owner, ttl. 1, or 0 when somebody else holds it or nobody. */
  renewLease: script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`),

  /** ARGV owner. 1, or 0 when somebody else holds it or nobody. */
  releaseLease: script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`),
}

function script(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
