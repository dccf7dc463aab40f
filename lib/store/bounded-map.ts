export interface BoundedMap<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  clear(): void
}

export interface BoundedMapOptions<V> {
  /** The most that is kept, in the unit of `weigh`: bytes, unless all values are of one size (S15). */
  readonly maxWeight: number
  weigh(value: V, key: string): number
}

/**
 * A map that forgets what was not asked for lately. Two generations instead of a list in order of
 * use: a hit among the young writes nothing, which is what the hot path wants.
 */
export function createBoundedMap<V>({ maxWeight, weigh }: BoundedMapOptions<V>): BoundedMap<V> {
  let young = new Map<string, V>()
  let old = new Map<string, V>()
  let youngWeight = 0

  function drop(key: string): void {
    const value = young.get(key)
    if (value !== undefined) {
      youngWeight -= weigh(value, key)
      young.delete(key)
    }
    old.delete(key)
  }

  function set(key: string, value: V): void {
    drop(key)
    const weight = weigh(value, key)
    if (weight > maxWeight / 2) return
    if (youngWeight + weight > maxWeight / 2) {
      old = young
      young = new Map()
      youngWeight = 0
    }
    young.set(key, value)
    youngWeight += weight
  }

  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const aged = old.get(key)
      if (aged !== undefined) set(key, aged)
      return aged
    },
    set,
    delete: drop,
    clear() {
      young = new Map()
      old = new Map()
      youngWeight = 0
    },
  }
}

/** What one of several remembers in a map that is bounded for all of them. Nobody sees what is another's. */
export function partOf<V>(
  whole: BoundedMap<V>,
  prefix: string,
): Pick<BoundedMap<V>, 'get' | 'set' | 'delete'> {
  return {
    get: (key) => whole.get(prefix + key),
    set: (key, value) => whole.set(prefix + key, value),
    delete: (key) => whole.delete(prefix + key),
  }
}
