/** Runs one at a time: whoever asks while it runs shares its outcome, good or bad. Nothing is kept after it. */
export function singleFlight<T>(run: () => Promise<T>): () => Promise<T> {
  let flight: Promise<T> | undefined
  return () => {
    flight ??= run().finally(() => {
      flight = undefined
    })
    return flight
  }
}
