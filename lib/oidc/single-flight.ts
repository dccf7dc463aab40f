/** Work of many names, of which each runs one at a time. */
export interface SingleFlights<T> {
  underWay(name: string): Promise<T> | undefined
  /** Whoever asks while it runs shares its outcome, good or bad. Nothing is kept after it. */
  join(name: string, run: () => Promise<T>): Promise<T>
}

export function createSingleFlights<T>(): SingleFlights<T> {
  const flights = new Map<string, Promise<T>>()
  return {
    underWay: (name) => flights.get(name),
    join(name, run) {
      const under = flights.get(name)
      if (under) return under
      const flight = run().finally(() => flights.delete(name))
      flights.set(name, flight)
      return flight
    },
  }
}

/** Work of which there is one. */
export function singleFlight<T>(run: () => Promise<T>): () => Promise<T> {
  const { join } = createSingleFlights<T>()
  return () => join('', run)
}
