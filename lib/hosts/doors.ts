import type { Bff } from '../bff.ts'
import type { Unclaimed } from '../frontends/choose.ts'
import type { Frontends } from '../frontends/frontends.ts'

/** What a host keeps for each frontend, made when it is first needed. */
export interface Doors<Door> {
  /** Of the frontend that a request is for. */
  of(rawHeaders: readonly string[], target: string | undefined): Door | Unclaimed
  /** Of the top level. */
  top(): Door
}

export function createDoors<Door extends object>(
  frontends: Pick<Frontends, 'of' | 'top'>,
  open: (bff: Bff) => Door,
): Doors<Door> {
  // An engine that a reload has replaced takes its door along.
  const doors = new WeakMap<Bff, Door>()
  function doorOf(bff: Bff): Door {
    const known = doors.get(bff)
    if (known) return known
    const door = open(bff)
    doors.set(bff, door)
    return door
  }
  return {
    of(rawHeaders, target = '/') {
      const bff = frontends.of(rawHeaders, target)
      return typeof bff === 'string' ? bff : doorOf(bff)
    },
    top: () => doorOf(frontends.top()),
  }
}
