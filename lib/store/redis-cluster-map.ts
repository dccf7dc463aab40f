import { majorityOf, type RedisAsker } from './redis-ask.ts'
import { parseSlots, type SlotRange, slotCount } from './redis-slots.ts'

export interface ClusterMapDeps {
  readonly asker: RedisAsker
  /** The nodes that the settings name: `host:port`. */
  readonly seeds: readonly string[]
  readonly urlOf: (place: string) => string
  /** A slot has another master, or a server is master no more. */
  readonly onChange: (gone: readonly string[]) => void
}

/**
 * Which server is the master of which slot, as more than half of the nodes have it. One that fell asleep and wakes after
 * another was elected still takes itself for the master: it is not believed, since the others know better.
 */
export interface ClusterMap {
  masterOf(slot: number): string | undefined
  masters(): ReadonlySet<string>
  /** Asks all nodes. Whoever asks while it is under way waits for the next one, which begins later. Rejects without a majority. */
  refresh(): Promise<void>
  /** Asks one node, and all of them where it tells something new. Never rejects. */
  look(): Promise<void>
}

export function createClusterMap({ asker, seeds, urlOf, onChange }: ClusterMapDeps): ClusterMap {
  let masterBySlot: readonly (string | undefined)[] = []
  let masters: ReadonlySet<string> = new Set()
  let known: readonly string[] = []
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let turn = 0

  const rangesOf = async (place: string): Promise<SlotRange[]> => {
    const host = place.slice(0, place.lastIndexOf(':')).replace(/^\[|\]$/g, '')
    return parseSlots(await asker.ask(urlOf(place), ['CLUSTER', 'SLOTS']), host)
  }

  /** Who belongs to the cluster: as known, else as the first node of the settings that answers has it. */
  async function members(): Promise<readonly string[]> {
    if (known.length > 0) return known
    const ranges = await Promise.any(seeds.map(rangesOf))
    const places = [...new Set(ranges.flatMap(({ nodes }) => nodes))]
    if (places.length === 0) throw new Error('a node of Redis has no slots')
    return places
  }

  async function ask(): Promise<void> {
    const all = await members()
    const views = await Promise.all(all.map((place) => rangesOf(place).catch(() => undefined)))
    const answered = views.filter((view) => view !== undefined)
    if (answered.length <= all.length / 2) {
      // Those that the settings name may know of others by now.
      known = []
      throw new Error(`${answered.length} of ${all.length} nodes of Redis answer`)
    }
    const tables = views.map((view) => view && tableOf(view))
    const agreed: (string | undefined)[] = []
    for (let slot = 0; slot < slotCount; slot += 1) {
      agreed.push(majorityOf(tables.map((it) => it?.[slot])))
    }
    take(agreed)
    known = [...new Set(answered.flatMap((view) => view.flatMap(({ nodes }) => nodes)))]
  }

  function take(agreed: readonly (string | undefined)[]): void {
    const gone = new Set<string>()
    for (let slot = 0; slot < slotCount; slot += 1) {
      const before = masterBySlot[slot]
      if (before !== undefined && before !== agreed[slot]) gone.add(before)
    }
    masterBySlot = agreed
    masters = new Set(agreed.filter((it) => it !== undefined))
    if (gone.size > 0) onChange([...gone])
  }

  function begin(): Promise<void> {
    running = ask().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    masterOf: (slot) => masterBySlot[slot],
    masters: () => masters,
    refresh() {
      if (!running) return begin()
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined
          return begin()
        })
      return next
    },
    async look() {
      turn += 1
      const place = known[turn % known.length]
      try {
        if (place === undefined) return await this.refresh()
        const table = tableOf(await rangesOf(place))
        if (table.some((master, slot) => master !== masterBySlot[slot])) await this.refresh()
      } catch {
        // Somebody else is asked at the next look.
      }
    },
  }
}

function tableOf(ranges: readonly SlotRange[]): (string | undefined)[] {
  const table: (string | undefined)[] = new Array(slotCount).fill(undefined)
  for (const { from, to, nodes } of ranges) table.fill(nodes[0], from, to + 1)
  return table
}
