import { createBoundedMap } from './bounded-map.ts'
import type { Entry, MaybePromise } from './key-value.ts'

export interface TrackedReadsOptions {
  /** Reads past every cache. From then on the server reports the key's next change to `invalidate`. */
  fetch(key: string): Promise<Entry | undefined>
  /** The server's clock, in epoch milliseconds. */
  probe(): Promise<number>
  /** Whether the server reports changes at all. When it does not, it is asked every time. */
  isTracked(): boolean
  /** Whether the server reports changes of this one. @default of every one */
  isReported?(entry: Entry): boolean
  /** How long the server's silence may be taken for "nothing has changed". */
  readonly trustMs: number
  readonly rememberedChars: number
  /** A steady clock, in milliseconds. @default performance.now */
  readonly clock?: () => number
}

export interface TrackedReads {
  get(key: string): MaybePromise<Entry | undefined>
  getFresh(key: string): Promise<Entry | undefined>
  /** The key changed, as the server reports or we know; null: anything may have. */
  invalidate(key: string | null): void
}

/**
 * A cache in front of a server that reports changes on the connection by which it was read. It
 * answers from memory only while three things hold: no change was reported; the server proved within
 * `trustMs` that its reports still arrive (replies and reports share one ordered stream, so the reply
 * to a probe means that every earlier report is here); and the entry has not expired by the server's
 * own clock. Else the server is asked, and it alone says that something is gone.
 */
export function createTrackedReads(options: TrackedReadsOptions): TrackedReads {
  const { fetch, trustMs, clock = () => performance.now(), isReported = () => true } = options
  const remembered = createBoundedMap<Entry>({
    maxWeight: options.rememberedChars,
    weigh: (entry) => entry.value.length + 200,
  })
  /** Reads under way whose answer may be remembered: a report takes its key out. */
  const flights = new Map<string, Promise<Entry | undefined>>()
  /** When the last answered probe was sent, and by how much the server's clock is ahead of ours at most. */
  let proof = { sentAt: Number.NEGATIVE_INFINITY, serverAhead: 0 }
  let probing = false

  function get(key: string): MaybePromise<Entry | undefined> {
    if (!options.isTracked()) return read(key)
    const now = clock()
    const age = now - proof.sentAt
    if (age > trustMs / 4) probe()
    if (age < trustMs) {
      const entry = remembered.get(key)
      if (entry && entry.expiresAt > now + proof.serverAhead) return entry
    }
    return flights.get(key) ?? read(key)
  }

  function read(key: string): Promise<Entry | undefined> {
    const flight = fetch(key).then(
      (entry) => {
        const known = remembered.get(key)
        const answer = known && entry && isSame(known, entry) ? known : entry
        // Taken out by a report, or overtaken by a later read: good to answer with, not to remember.
        if (flights.get(key) !== flight) return answer
        flights.delete(key)
        if (answer && options.isTracked() && isReported(answer)) remembered.set(key, answer)
        else remembered.delete(key)
        return answer
      },
      (error: unknown) => {
        if (flights.get(key) === flight) flights.delete(key)
        throw error
      },
    )
    flights.set(key, flight)
    return flight
  }

  function invalidate(key: string | null): void {
    if (key !== null) {
      remembered.delete(key)
      flights.delete(key)
      return
    }
    remembered.clear()
    flights.clear()
    proof = { sentAt: Number.NEGATIVE_INFINITY, serverAhead: 0 }
  }

  function probe(): void {
    if (probing) return
    probing = true
    const sentAt = clock()
    options
      .probe()
      .then(
        (serverTime) => {
          // The server read its clock no earlier than we sent, so this is never too little.
          proof = { sentAt, serverAhead: serverTime - sentAt }
        },
        () => {}, // No proof is the consequence; the reads themselves report the outage.
      )
      .finally(() => {
        probing = false
      })
  }

  return { get, getFresh: read, invalidate }
}

const isSame = (a: Entry, b: Entry): boolean =>
  a.version === b.version && a.expiresAt === b.expiresAt && a.value === b.value
