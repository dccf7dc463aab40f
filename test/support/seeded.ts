/** Random choices that a seed repeats exactly, so that what a run found can be looked at again. */
export interface Seeded {
  readonly seed: number
  /** From 0 up to, not including, `below`. */
  integer(below: number): number
  pick<T>(items: readonly T[]): T
  /** True once in `times`. */
  once(times: number): boolean
  bytes(count: number): string
}

export function createSeeded(seed: number): Seeded {
  let state = seed >>> 0
  // Mulberry32: small, even enough, and the same everywhere.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number) => Math.floor(next() * below)
  return {
    seed,
    integer,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from')
      return items[integer(items.length)] as (typeof items)[number]
    },
    once: (times) => integer(times) === 0,
    bytes: (count) =>
      Array.from({ length: count }, () => String.fromCharCode(integer(256))).join(''),
  }
}
