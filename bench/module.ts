/** The proxy with every rule on, on a plain Node server. Session and token are at hand, as on a warm path. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createNodeRemote } from '#lib/hosts/node-remote.ts'
import { createOutgoing } from '#lib/http/outgoing.ts'
import { createRemote } from '#lib/remote/remote.ts'
import type { Session } from '#lib/session/session.ts'
import { benchSettings } from './seed.ts'
import { reportPort } from './subject.ts'

const session = { key: 'session:1', record: { sub: 'alice', claims: {} } } as unknown as Session
const found = { kind: 'session', session } as const
const token = { kind: 'bearer', token: `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(600)}` } as const

const remote = createRemote({
  settings: benchSettings(
    { BFF_STORE: 'memory', BFF_TRUST_PROXY: '10.0.0.0/8' },
    process.env.BENCH_UPSTREAM ?? '',
  ),
  readSession: (cookie) => (cookie === undefined ? { kind: 'none' } : found),
  userToken: () => token,
  log: { event: () => undefined },
  now: Date.now,
  outgoing: createOutgoing({}),
})
const door = createNodeRemote(remote)
const server = createServer((request, response) => door.handle(request, response))
server.listen(0, '127.0.0.1', () => reportPort((server.address() as AddressInfo).port))
