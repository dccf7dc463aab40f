/** The resources (RFC 8707) that are named at sign-in, without those that the provider does not know. */
export interface AskedResources {
  list(): readonly string[]
  /**
   * A sign-in was refused with `invalid_target`: finds out for which resource, and leaves that out for ten
   * minutes. What a browser brought says so of its own sign-in only, and has to be confirmed.
   */
  leaveOut(toldBy: 'provider' | 'browser'): Promise<LeftOut>
}

/**
 * What a sign-in can go on with:
 * - `list`: with what `list` names now.
 * - `none`: with no resource at all, this once, since it cannot be told which one is refused.
 * - `nothing-asked`: no resource can be the reason; to try again would not help.
 */
export type LeftOut = 'list' | 'none' | 'nothing-asked'

export interface AskedResourcesDeps {
  resources: readonly string[]
  /** Whether the provider refuses a sign-in for this one alone. */
  isRefused(resource: string): Promise<boolean>
  onRefused(resources: readonly string[]): void
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
  let flight: Promise<void> | undefined
  const isRecent = (at: number | undefined, ms: number) =>
    at !== undefined && Math.abs(now() - at) < ms
  const list = () => resources.filter((resource) => !isRecent(leftOutAt.get(resource), restMs))

  function leave(refused: readonly string[]): void {
    if (refused.length === 0) return
    for (const resource of refused) leftOutAt.set(resource, now())
    deps.onRefused(refused)
  }

  async function find(): Promise<void> {
    if (isRecent(askedAt, pauseMs)) return
    askedAt = now()
    const asked = list()
    const verdicts = await Promise.all(asked.map(deps.isRefused))
    leave(asked.filter((_, index) => verdicts[index]))
  }

  return {
    list,
    async leaveOut(toldBy) {
      if (resources.length === 0) return 'nothing-asked'
      flight ??= find().finally(() => {
        flight = undefined
      })
      await flight
      if (list().length < resources.length) return 'list'
      if (toldBy === 'browser') return 'none'
      leave(resources)
      return 'list'
    },
  }
}
