/** How many of something each holder has at this moment, and at most may have. */
export interface Shares {
  /** False: this holder has all that it may. Nobody in particular may always. */
  take(holder: string | undefined): boolean
  give(holder: string | undefined): void
  /** Holders that have any. */
  readonly size: number
}

export function createShares(most: number): Shares {
  // Nobody stays in it with nothing.
  const held = new Map<string, number>()
  return {
    take(holder) {
      if (holder === undefined) return true
      const count = held.get(holder) ?? 0
      if (count >= most) return false
      held.set(holder, count + 1)
      return true
    },
    give(holder) {
      if (holder === undefined) return
      const count = held.get(holder) ?? 0
      if (count > 1) held.set(holder, count - 1)
      else held.delete(holder)
    },
    get size() {
      return held.size
    },
  }
}
