import { singleFlight } from './single-flight.ts'

/** The resources (RFC 8707) that are named at sign-in, without those that the provider does not know. */
export interface AskedResources {
  list(): readonly string[]
  /** Whether `list` names all that there are. */
  extent(): AskedExtent
  /**
   * A sign-in that named `asked` was refused with `invalid_target`: finds out for which resource, and leaves
   * that out for ten minutes. What a browser brought says so of its own sign-in only, and has to be confirmed.
   */
  leaveOut(toldBy: 'provider' | 'browser', asked: AskedExtent): Promise<LeftOut>
}

export type AskedExtent = 'all' | 'fewer'

/**
 * What a sign-in can go on with:
 * - `list`: with what `list` names now.
 * - `none`: with no resource at all, this once, since it cannot be told which one is refused. Each is asked
 *   for by itself when its remote is called, and the refused one fails by itself.
 * - `nothing-asked`: no resource can be the reason; to try again would not help.
 */
export type LeftOut = 'list' | 'none' | 'nothing-asked'

export interface AskedResourcesDeps {
  readonly resources: readonly string[]
  /** Whether the provider refuses a sign-in for this one alone. */
  isRefused(resource: string): Promise<boolean>
  /** Told which ones are refused: each of these, or one of them that cannot be told from the others. */
  onRefused(resources: readonly string[], which: 'each' | 'one of them'): void
  now(): number
}

/** Then it is asked again: it may have become known, and a sign-in that fails of it costs a redirect. */
const restMs = 10 * 60_000
/** Anybody can bring an `invalid_target` and make us ask the provider. */
const pauseMs = 60_000

/** In each process, and about the settings: nothing here is a user's (T15). */
export function createAskedResources(deps: AskedResourcesDeps): AskedResources {
  const { resources, now } = deps
  const leftOutAt = new Map<string, number>()
  let askedAt: number | undefined
  let toldAt: number | undefined
  const isRecent = (at: number | undefined, ms: number) =>
    at !== undefined && Math.abs(now() - at) < ms
  const list = () => resources.filter((resource) => !isRecent(leftOutAt.get(resource), restMs))
  const extent = () => (list().length === resources.length ? 'all' : 'fewer')

  function leave(refused: readonly string[]): void {
    if (refused.length === 0) return
    for (const resource of refused) leftOutAt.set(resource, now())
    deps.onRefused(refused, 'each')
  }

  const find = singleFlight(async () => {
    if (isRecent(askedAt, pauseMs)) return
    askedAt = now()
    const asked = list()
    const verdicts = await Promise.all(asked.map(deps.isRefused))
    leave(asked.filter((_, index) => verdicts[index]))
  })

  function tellUnclear(): void {
    if (isRecent(toldAt, restMs)) return
    toldAt = now()
    deps.onRefused(list(), 'one of them')
  }

  return {
    list,
    extent,
    async leaveOut(toldBy, asked) {
      if (resources.length === 0) return 'nothing-asked'
      await find()
      if (asked === 'all' && extent() === 'fewer') return 'list'
      // What a browser brought may be made up.
      if (toldBy === 'browser') return 'none'
      if (resources.length > 1) {
        tellUnclear()
        return 'none'
      }
      leave(resources)
      return 'list'
    },
  }
}
