/**
 * Stops asking an API that cannot even be connected to. Opens after a few connection failures in a row,
 * lets one request through after a pause, and doubles the pause while that fails.
 */
export interface Circuit {
  /** Read on every request; everything else only when it is true. */
  readonly isOpen: boolean
  /** Whether this request may go; while open, one at a time does, as a probe. */
  admits(): boolean
  /** A connection was made, or an answer came. */
  succeeded(): void
  /** A connection could not be made. */
  failed(): void
}

export interface CircuitDeps {
  readonly now: () => number
  readonly onOpen: (failures: number) => void
  readonly onClose: () => void
}

const failuresToOpen = 5
const firstPauseMs = 1000
const longestPauseMs = 30_000
/** A probe that has said nothing for so long is forgotten, and the next one goes. */
const probePatienceMs = 10_000

export function createCircuit({ now, onOpen, onClose }: CircuitDeps): Circuit {
  let failures = 0
  let isOpen = false
  let pauseMs = firstPauseMs
  let nextProbeAt = 0
  let isProbing = false

  return {
    get isOpen() {
      return isOpen
    },
    admits() {
      if (!isOpen) return true
      if (now() < nextProbeAt) return false
      nextProbeAt = now() + probePatienceMs
      isProbing = true
      return true
    },
    succeeded() {
      failures = 0
      if (!isOpen) return
      isOpen = false
      isProbing = false
      pauseMs = firstPauseMs
      onClose()
    },
    failed() {
      failures += 1
      if (isOpen) {
        // Many calls fail together when an API goes away: only the probe's failure says that it is still away.
        if (!isProbing) return
        isProbing = false
        pauseMs = Math.min(longestPauseMs, pauseMs * 2)
        nextProbeAt = now() + pauseMs
      } else if (failures >= failuresToOpen) {
        isOpen = true
        nextProbeAt = now() + pauseMs
        onOpen(failures)
      }
    },
  }
}
