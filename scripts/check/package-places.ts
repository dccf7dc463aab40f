import { type Finding, type House, isTest } from './house.ts'
import { moduleGraph } from './module-graph.ts'

/** Where each package may be imported. What lib/ imports and is not listed here is a finding. */
const places: Readonly<Record<string, readonly string[]>> = {
  'iron-session': ['lib/session/seal.ts', 'bench/'],
  'openid-client': ['lib/oidc/', 'lib/tokens/', 'bench/'],
  jose: ['lib/oidc/', 'lib/tokens/', 'lib/session/cipher.ts', 'test/stand-ins/'],
  '@upstash/redis': ['lib/store/upstash'],
  '@redis/client': ['lib/store/redis'],
  'node:sqlite': ['lib/store/sqlite'],
  pg: ['lib/store/postgres'],
  undici: ['lib/http/outgoing.ts', 'lib/http/plain-fetch.ts', 'bench/'],
  zod: ['lib/config/'],
  send: ['lib/spa/'],
  'mime-types': ['lib/spa/'],
  parse5: ['lib/spa/'],
  bowser: ['lib/session/browser-names.ts'],
  pino: ['lib/telemetry/'],
  '@opentelemetry/api': ['lib/telemetry/'],
  next: [
    'app/',
    'middleware.ts',
    'next.config.ts',
    'server.ts',
    // The door to Next: the only files of lib/ that know it.
    'lib/hosts/create-next-bff.ts',
    'lib/hosts/next-middleware.ts',
    'examples/',
  ],
  react: ['app/', 'client/use-session.ts', 'examples/'],
  'react-dom': ['app/', 'examples/'],
  'oidc-provider': ['test/stand-ins/'],
}

export function checkPackagePlaces(house: House): Finding[] {
  return [...moduleGraph(house)].flatMap(([file, imports]) =>
    isTest(file)
      ? []
      : imports.flatMap(({ line, package: name }) => {
          const message = name === undefined ? undefined : objection(file, name)
          return message === undefined ? [] : [{ file, line, message }]
        }),
  )
}

function objection(file: string, name: string): string | undefined {
  const allowed = places[name]
  if (!allowed) {
    const free = !file.startsWith('lib/') || name.startsWith('node:')
    return free ? undefined : `imports ${name}, which scripts/check/package-places.ts does not list`
  }
  if (allowed.some((prefix) => file.startsWith(prefix))) return undefined
  return `imports ${name}, whose place is ${allowed.join(', ')}`
}
