import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyValue } from '#lib/store/key-value.ts'
import { openStore } from '#lib/store/open-store.ts'
import { median, type Row, rounded } from './measure.ts'
import { startShared } from './processes.ts'
import { benchSettings } from './seed.ts'

const hourMs = 3_600_000
/** As long as an encrypted session with two tokens. */
const record = 'x'.repeat(6000)
const atOnce = 64

/** What each shared server carries by itself: the ceiling of the sign-ins and refreshes of all instances. */
export async function measureStores(): Promise<Row[]> {
  const rows: Row[] = []
  for (const kind of ['redis', 'redis-cluster', 'postgres']) {
    const shared = await startShared(kind)
    if (!shared) continue
    const { store: location } = benchSettings(
      { BFF_STORE: shared.kind, ...shared.env },
      'http://api.example',
    )
    const store = await openStore(location)
    const peer = await openStore(location)
    // So that both are told of changes before anything is measured.
    await sleep(500)
    rows.push({
      subject: kind,
      'repeated read µs': rounded(await repeatedRead(store), 2),
      'read past memory µs': rounded(await readPast(store), 0),
      'touches/s': await each(store, touched),
      'sign-ins/s': await each(store, signedIn),
      'refreshes/s': await each(store, refreshed),
      'sign-outs/s': await each(store, signedOut),
      ...(await seenElsewhere(store, peer)),
    })
    await store.close()
    await peer.close()
    await shared.stop()
  }
  return rows
}

async function repeatedRead(store: KeyValue): Promise<number> {
  await store.create('warm', record, hourMs)
  await store.get('warm')
  await sleep(100)
  await store.get('warm')
  const from = performance.now()
  const times = 200_000
  for (let i = 0; i < times; i += 1) {
    const entry = store.get('warm')
    if (entry instanceof Promise) await entry
  }
  return ((performance.now() - from) / times) * 1000
}

async function readPast(store: KeyValue): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 2000; i += 1) {
    const from = performance.now()
    await store.getFresh('warm')
    times.push((performance.now() - from) * 1000)
  }
  return median(times)
}

type Step = (store: KeyValue, name: string) => Promise<unknown>

/** How often a second, when so many are at it at once. */
async function each(store: KeyValue, step: Step): Promise<number> {
  const perWorker = 60
  const names = Array.from({ length: atOnce * perWorker }, (_, i) => `${step.name}-${i}`)
  if (step !== signedIn) {
    for (let i = 0; i < names.length; i += 500) {
      await Promise.all(names.slice(i, i + 500).map((name) => store.create(name, record, hourMs)))
    }
  }
  const from = performance.now()
  const waiting = [...names]
  const work = async () => {
    for (let name = waiting.pop(); name; name = waiting.pop()) await step(store, name)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return Math.round((names.length / (performance.now() - from)) * 1000)
}

// What the engine writes for each, in its order.
async function signedIn(store: KeyValue, name: string) {
  await store.create(`transaction:${name}`, 'used', 600_000)
  await store.create(name, record, hourMs)
  await Promise.all([
    store.addMember(`sub:${name}`, name, hourMs),
    store.addMember(`sid:${name}`, name, hourMs),
  ])
}

async function refreshed(store: KeyValue, name: string) {
  await store.acquireLease(`lease:${name}`, 'owner', 5000)
  const entry = await store.getFresh(name)
  await store.create(`refreshing:${name}`, '', 60_000)
  await store.replace(name, entry?.version ?? 1, record)
  await store.delete(`refreshing:${name}`)
  await store.releaseLease(`lease:${name}`, 'owner')
}

async function touched(store: KeyValue, name: string) {
  await store.touch(name, hourMs)
}

async function signedOut(store: KeyValue, name: string) {
  await store.delete(name)
}

/** From the answer to a deletion until another instance, which remembered the entry, knows. */
async function seenElsewhere(store: KeyValue, peer: KeyValue): Promise<Omit<Row, 'subject'>> {
  const times: number[] = []
  for (let i = 0; i < 1000; i += 1) {
    const key = `elsewhere-${i}`
    await store.create(key, record, hourMs)
    while ((await peer.get(key)) === undefined) await sleep(1)
    await store.delete(key)
    const from = performance.now()
    while ((await peer.get(key)) !== undefined) await new Promise(setImmediate)
    times.push(performance.now() - from)
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => rounded(times[Math.floor((times.length - 1) * part)] ?? 0, 2)
  return { 'gone elsewhere p50 ms': at(0.5), 'p99 ms': at(0.99), 'latest ms': at(1) }
}
