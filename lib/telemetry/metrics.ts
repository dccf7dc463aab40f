import { knownMethod } from '../http/known-method.ts'
import { createApiInstruments } from './api-registry.ts'
import type { DoneRequest } from './done-requests.ts'
import { eventLoopGauges } from './event-loop.ts'
import type { Attributes, MetricName, Point, Registry } from './registry.ts'

/** What is measured. No label holds a user, a path, a token, or anything that a stranger makes up. */
export interface Metrics {
  request(done: DoneRequest): void
  tokenRequest(grant: string, outcome: CallOutcome): void
  refreshWaited(ms: number): void
  signIn(outcome: string): void
  session(event: string, reason: string): void
  /** Answers the same promise, and counts what becomes of it. */
  storeCommand<T>(command: string, outcome: Promise<T>): Promise<T>
  storeOutage(): void
  circuit(remote: string, isOpen: boolean): void
  /** Where the number of open streams and WebSockets is read. */
  streams(read: () => number): void
  /** The same, for one frontend: its requests and circuits bear its name. */
  ofFrontend(name: string): Metrics
}

/** `refused`: a 4xx. `unavailable`: no answer, or a 5xx. */
export type CallOutcome = 'ok' | 'refused' | 'unavailable'

export interface MetricsDeps {
  /** Counts for a scrape or an exporter of ours. Left out: only for an SDK that the app registers. */
  readonly registry?: Registry | undefined
  /** `https` or `http`, as the browser sees it. */
  readonly scheme: string
  /** Whose circuits are shown as closed until they open. */
  readonly remotes: readonly string[]
}

/** Of durations, in seconds, as the semantic conventions advise. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const none = {}

export function createMetrics({ registry, scheme, remotes }: MetricsDeps): Metrics {
  const api = createApiInstruments()

  function counter(name: MetricName) {
    const [ours, theirs] = [registry?.counter(name), api.counter(name)]
    return (key: string, attributes: Attributes, value = 1) => {
      ours?.add(key, attributes, value)
      theirs.add(attributes, value)
    }
  }
  function histogram(name: MetricName) {
    const [ours, theirs] = [registry?.histogram(name, bounds), api.histogram(name, bounds)]
    return (key: string, attributes: Attributes, value: number) => {
      ours?.add(key, attributes, value)
      theirs.add(attributes, value)
    }
  }
  function gauge(name: MetricName, read: () => Iterable<Point>) {
    registry?.gauge(name, read)
    api.gauge(name, read)
  }

  const requests = histogram(names.requests)
  const tokenRequests = counter(names.tokenRequests)
  const refreshWaits = histogram(names.refreshWaits)
  const signIns = counter(names.signIns)
  const sessions = counter(names.sessions)
  const storeCommands = counter(names.storeCommands)
  const storeOutages = counter(names.storeOutages)
  // So that a rate can be taken of the first one.
  storeOutages('', none, 0)
  const circuits = new Map(
    remotes.map((remote) => [remote, { attributes: { remote } as Attributes, value: 0 }]),
  )
  gauge(names.circuits, () => circuits.values())
  let readStreams = () => 0
  gauge(names.streams, () => [{ attributes: none, value: readStreams() }])
  const loop = eventLoopGauges()
  for (const [suffix, read] of Object.entries(loop)) {
    gauge({ ...names.eventLoop, name: `${names.eventLoop.name}.${suffix}` }, () =>
      read().map((value) => ({ attributes: none, value })),
    )
  }

  const known = new Map<string, Attributes>()
  /** One object for each series: what is made for every call has to be thrown away as often. */
  function attributesOf(
    key: string,
    { method, status, route, remote }: DoneRequest,
    ofFrontend: Attributes,
  ): Attributes {
    const attributes = known.get(key) ?? {
      'http.request.method': knownMethod(method),
      'http.response.status_code': status,
      'http.route': route,
      'url.scheme': scheme,
      ...(remote === undefined ? {} : { remote }),
      ...ofFrontend,
    }
    if (known.size < 2000) known.set(key, attributes)
    return attributes
  }

  const ofWhom = (frontend: string | undefined): Metrics => ({
    ofFrontend: ofWhom,
    request(done) {
      if (!registry && !api.isOn) return
      const method = knownMethod(done.method)
      const place = frontend === undefined ? done.route : `${done.route} ${frontend}`
      const key = `${method} ${done.status} ${place}`
      const attributes = attributesOf(key, done, frontend === undefined ? none : { frontend })
      requests(key, attributes, (performance.now() - done.startedAt) / 1000)
    },
    tokenRequest: (grant, outcome) => tokenRequests(`${grant} ${outcome}`, { grant, outcome }),
    refreshWaited: (ms) => refreshWaits('', none, ms / 1000),
    signIn: (outcome) => signIns(outcome, { outcome }),
    session: (event, reason) => sessions(`${event} ${reason}`, { event, reason }),
    storeCommand(command, outcome) {
      const count = (became: 'ok' | 'failed') =>
        storeCommands(`${command} ${became}`, { command, outcome: became })
      outcome.then(
        () => count('ok'),
        () => count('failed'),
      )
      return outcome
    },
    storeOutage: () => storeOutages('', none),
    circuit(remote, isOpen) {
      const attributes = { remote, ...(frontend === undefined ? {} : { frontend }) }
      const key = frontend === undefined ? remote : `${frontend}/${remote}`
      circuits.set(key, { attributes, value: isOpen ? 1 : 0 })
    },
    streams(read) {
      readStreams = read
    },
  })
  return ofWhom(undefined)
}

const names = {
  requests: {
    name: 'http.server.request.duration',
    unit: 's',
    description: 'Time from the head of a request to the end of its answer.',
  },
  tokenRequests: {
    name: 'cloakroom.token.requests',
    unit: '{request}',
    description: 'Requests to the token endpoint.',
  },
  refreshWaits: {
    name: 'cloakroom.token.refresh.wait',
    unit: 's',
    description: 'Time that a token refresh took.',
  },
  signIns: {
    name: 'cloakroom.sign_ins',
    unit: '{sign_in}',
    description: 'Sign-ins that came back from the provider, by how they ended.',
  },
  sessions: {
    name: 'cloakroom.sessions',
    unit: '{session}',
    description: 'What happened to sessions, and what looked like an attack on them.',
  },
  storeCommands: {
    name: 'cloakroom.store.commands',
    unit: '{command}',
    description: 'Commands that the store was asked; not what is answered from memory.',
  },
  storeOutages: {
    name: 'cloakroom.store.outages',
    unit: '{outage}',
    description: 'Times that the store stopped answering.',
  },
  circuits: {
    name: 'cloakroom.circuit.open',
    unit: '1',
    description: '1 while an API cannot be connected to, and calls are refused at once.',
  },
  streams: {
    name: 'cloakroom.streams.open',
    unit: '{stream}',
    description: 'Streams of events and WebSockets that are open.',
  },
  eventLoop: {
    name: 'nodejs.eventloop.delay',
    unit: 's',
    description: 'How late the event loop was since the last look.',
  },
} as const satisfies Record<string, MetricName>
