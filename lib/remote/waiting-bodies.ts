/** Small bodies on their way to us, which are held in memory until they are whole. */
export interface WaitingBodies {
  /** `giveWay` is called when there are too many bytes, on the body that began first. Answers: it is over. */
  add(bytes: number, giveWay: () => void): () => void
}

interface Waiting {
  readonly bytes: number
  readonly giveWay: () => void
}

const mostBytes = 64 * 1024 * 1024

/**
 * Bounded in bytes. Whoever sends a body does so in milliseconds; of those that wait, the one that began
 * first is the one that drips, so it gives way and no newcomer is turned away (P17).
 */
export function createWaitingBodies(maxBytes = mostBytes): WaitingBodies {
  const all = new Set<Waiting>()
  let total = 0

  function remove(one: Waiting): void {
    if (all.delete(one)) total -= one.bytes
  }

  return {
    add(bytes, giveWay) {
      const one = { bytes, giveWay }
      all.add(one)
      total += bytes
      for (const oldest of all) {
        if (total <= maxBytes || oldest === one) break
        remove(oldest)
        oldest.giveWay()
      }
      return () => remove(one)
    },
  }
}
