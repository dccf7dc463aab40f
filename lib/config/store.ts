import { given } from '../http/given.ts'
import { type Environment, onVercel, readerOf, type Variables } from './env.ts'
import type { Report } from './report.ts'
import { parseWebAddress } from './web-address.ts'

export const storeVariables = {
  BFF_STORE: {
    meaning:
      'Where sessions are kept: `memory`, `sqlite`, `redis`, `upstash` or `postgres`. On Vercel `memory` and `sqlite` are refused.',
    defaultInWords:
      '`upstash` if its variables are set, else `redis` if `REDIS_URL` is, else `sqlite`',
    example: 'redis',
  },
  BFF_SQLITE_FILE: {
    meaning: 'File of the `sqlite` store.',
    default: '.data/cloakroom.db',
    example: '.data/cloakroom.db',
  },
  REDIS_URL: {
    meaning:
      'Address of the `redis` store: `redis://` or `rediss://` (TLS). With `REDIS_CLUSTER` some of the nodes, with `REDIS_SENTINEL` the sentinels, separated by commas: `redis://a:1,b:2`, or whole addresses. One user and password for all, those of the first.',
    example: 'rediss://redis.internal:6379',
  },
  REDIS_CLUSTER: {
    meaning: '`true`: the servers of `REDIS_URL` are nodes of a Redis Cluster.',
    default: 'false',
  },
  REDIS_SENTINEL: {
    meaning:
      'Name of the master that the sentinels of `REDIS_URL` watch. What follows the hosts there (user, password, database, TLS) is the master’s.',
    example: 'mymaster',
  },
  REDIS_SENTINEL_PASSWORD: { meaning: 'Password of the sentinels themselves.', secret: true },
  UPSTASH_REDIS_REST_URL: {
    meaning: 'Address of the `upstash` store.',
    example: 'https://example.upstash.io',
  },
  UPSTASH_REDIS_REST_TOKEN: { meaning: 'Token of the `upstash` store.', secret: true },
  KV_REST_API_URL: { meaning: "What Vercel's marketplace calls `UPSTASH_REDIS_REST_URL`." },
  KV_REST_API_TOKEN: {
    meaning: "What Vercel's marketplace calls `UPSTASH_REDIS_REST_TOKEN`.",
    secret: true,
  },
  DATABASE_URL: {
    meaning:
      'Address of the `postgres` store: `postgres://`, with `sslmode=require` for TLS. Alone it chooses nothing.',
    example: 'postgres://cloakroom@db.internal/app?sslmode=require',
  },
} as const satisfies Variables

const read = readerOf(storeVariables)

const kinds = ['memory', 'sqlite', 'redis', 'upstash', 'postgres'] as const
type StoreKind = (typeof kinds)[number]

export type StoreSettings =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'redis'
      /** One server; with a topology some of the nodes, or the sentinels. */
      readonly urls: readonly [string, ...string[]]
      readonly cluster: boolean
      /** What the sentinels call the master. */
      readonly sentinel?: string
      readonly sentinelPassword?: string
    }
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }
  | { readonly kind: 'postgres'; readonly url: string }

const placeholder: StoreSettings = { kind: 'memory' }

/** BFF_STORE and what belongs to it. */
export function storeSettings(env: Environment, report: Report): StoreSettings {
  const wanted = read(env, 'BFF_STORE')?.toLowerCase() ?? defaultKind(env)
  if (!isKind(wanted)) {
    report.problem('BFF_STORE', 'is not a valid store', `choose one of ${kinds.join(', ')}`)
    return placeholder
  }
  if (onVercel(env) && (wanted === 'memory' || wanted === 'sqlite')) {
    report.problem(
      'BFF_STORE',
      `is ${wanted}, which instances on Vercel cannot share`,
      'set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or REDIS_URL',
    )
    return placeholder
  }
  if (wanted === 'redis') return redisStore(env, report)
  if (wanted === 'upstash') return upstashStore(env, report)
  if (wanted === 'postgres') return postgresStore(env, report)
  if (wanted === 'sqlite') {
    return { kind: 'sqlite', file: read(env, 'BFF_SQLITE_FILE') }
  }
  report.note('BFF_STORE is memory: sessions end with this process and no other can see them.')
  return { kind: 'memory' }
}

function isKind(text: string): text is StoreKind {
  return (kinds as readonly string[]).includes(text)
}

function defaultKind(env: Environment): StoreKind {
  const { url, token } = upstashPair(env)
  if (url !== undefined || token !== undefined) return 'upstash'
  return read(env, 'REDIS_URL') === undefined ? 'sqlite' : 'redis'
}

function redisStore(env: Environment, report: Report): StoreSettings {
  const text = read(env, 'REDIS_URL')
  const sentinel = read(env, 'REDIS_SENTINEL')
  const sentinelPassword = read(env, 'REDIS_SENTINEL_PASSWORD')
  const cluster = isCluster(env, report)
  // The value may hold a password, so no message repeats it.
  if (text === undefined) {
    report.problem('REDIS_URL', 'is not set', 'set it to redis://host:port or rediss://host:port')
    return placeholder
  }
  const urls = addressesIn(text)
  const problem = urls.map((url) => redisProblem(url, cluster)).find((it) => it !== undefined)
  if (problem) report.problem('REDIS_URL', ...problem)
  if (cluster && sentinel !== undefined) {
    report.problem('REDIS_SENTINEL', 'is set, and REDIS_CLUSTER too', 'keep one of the two')
  } else if (urls.length > 1 && !cluster && sentinel === undefined) {
    const fix = 'set REDIS_CLUSTER=true or REDIS_SENTINEL=<name of the master>, or name one server'
    report.problem('REDIS_URL', 'names several servers', fix)
  } else if (sentinelPassword !== undefined && sentinel === undefined) {
    report.problem('REDIS_SENTINEL_PASSWORD', 'is set without REDIS_SENTINEL', 'set that, too')
  }
  const [first, ...others] = urls
  if (problem || first === undefined) return placeholder
  const ofSentinel = given({ sentinel, sentinelPassword })
  return { kind: 'redis', urls: [first, ...others], cluster, ...ofSentinel }
}

function isCluster(env: Environment, report: Report): boolean {
  const text = read(env, 'REDIS_CLUSTER').toLowerCase()
  if (text !== 'true' && text !== 'false') {
    report.problem('REDIS_CLUSTER', 'is neither true nor false', 'write true or false')
  }
  return text === 'true'
}

/** `redis://user:secret@a:1,b:2/0`, or whole addresses. A password may have a comma in it. */
function addressesIn(text: string): string[] {
  const whole = text.split(/,\s*(?=rediss?:\/\/)/i)
  const parts = /^(rediss?:\/\/)((?:.*@)?)([^/?#]*)(.*)$/i.exec(text)
  if (whole.length > 1 || !parts) return whole
  const [, scheme = '', user = '', hosts = '', rest = ''] = parts
  return hosts.split(',').map((host) => scheme + user + host.trim() + rest)
}

function redisProblem(url: string, cluster: boolean): [problem: string, fix: string] | undefined {
  if (!/^rediss?:\/\/./i.test(url) || !URL.canParse(url) || !new URL(url).hostname) {
    return ['is not a valid Redis address', 'write redis://host:port or rediss://host:port']
  }
  const { pathname } = new URL(url)
  if (!/^\/?\d{0,3}$/.test(pathname)) {
    return ['has a path that is not a database number', 'end it with /0, or nothing']
  }
  return cluster && !/^\/?0?$/.test(pathname)
    ? ['names a database, and a cluster has only 0', 'end it with /0, or nothing']
    : undefined
}

function postgresStore(env: Environment, report: Report): StoreSettings {
  const url = read(env, 'DATABASE_URL')
  const fix = 'write postgres://user:password@host:5432/database'
  // The value may hold a password, so no message repeats it.
  if (url === undefined) {
    report.problem('DATABASE_URL', 'is not set although BFF_STORE is postgres', fix)
  } else if (!/^postgres(ql)?:\/\/./i.test(url) || !URL.canParse(url) || !new URL(url).hostname) {
    report.problem('DATABASE_URL', 'is not a valid PostgreSQL address', fix)
  } else if (new URL(url).pathname.length < 2) {
    report.problem('DATABASE_URL', 'names no database', fix)
  } else if (!isSslMode(new URL(url).searchParams.get('sslmode') ?? 'disable')) {
    report.problem(
      'DATABASE_URL',
      'has an sslmode that is not known',
      `choose one of ${sslModes.join(', ')}`,
    )
  } else {
    return { kind: 'postgres', url }
  }
  return placeholder
}

/** `allow` is none of them: it would send a password in the clear where TLS fails. */
const sslModes = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full']
const isSslMode = (text: string): boolean => sslModes.includes(text)

/** The pair that Upstash names, or the same two as Vercel's marketplace names them; never a mixture. */
function upstashPair(env: Environment) {
  const url = read(env, 'UPSTASH_REDIS_REST_URL')
  const token = read(env, 'UPSTASH_REDIS_REST_TOKEN')
  if (url !== undefined || token !== undefined) {
    return { url, token, names: ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'] as const }
  }
  return {
    url: read(env, 'KV_REST_API_URL'),
    token: read(env, 'KV_REST_API_TOKEN'),
    names: ['KV_REST_API_URL', 'KV_REST_API_TOKEN'] as const,
  }
}

function upstashStore(env: Environment, report: Report): StoreSettings {
  const pair = upstashPair(env)
  if (pair.url === undefined && pair.token === undefined) {
    report.problem(
      'UPSTASH_REDIS_REST_URL',
      'is not set although BFF_STORE is upstash',
      'set it and UPSTASH_REDIS_REST_TOKEN as the database page shows them',
    )
    return placeholder
  }
  const [urlName, tokenName] = pair.names
  if (pair.url === undefined) {
    report.problem(urlName, `is not set although ${tokenName} is`, 'set both')
  } else {
    const address = parseWebAddress(pair.url, 'anywhere')
    if (!address.ok) report.problem(urlName, address.problem, address.fix)
    else if (address.value.protocol === 'http:') report.note(`${urlName} is plain http.`)
  }
  if (pair.token === undefined) {
    report.problem(tokenName, `is not set although ${urlName} is`, 'set both')
  }
  return { kind: 'upstash', url: pair.url ?? '', token: pair.token ?? '' }
}
