import { createBff, type User } from '../../client/bff.ts'
import { type BffError, SignInNeededError } from '../../client/bff-error.ts'
import { createSessionWatch } from '../../client/session-watch.ts'
import type { Surroundings } from '../../client/surroundings.ts'

export const signedIn = (sessionExpiresIn: number, sid = 's1'): User => ({
  kind: 'signed-in',
  claims: [],
  sub: 'u1',
  name: 'Ada',
  sessionExpiresIn,
  logoutUrl: `/bff/logout?sid=${sid}`,
})
export const anonymous: User = { kind: 'anonymous' }

/** What the tabs of a test leave open. */
const open = new Set<() => void>()
export function closeTabs(): void {
  for (const close of open) close()
  open.clear()
}

/** Tabs of one browser that share a server, whose answer the test sets. */
export function openBrowser(first: User | BffError, events?: () => Response) {
  const server = {
    answer: first,
    looks: [] as { slide: boolean }[],
    /** What answers `/bff/events`; left out: browsers that cannot agree on a tab. */
    events,
  }
  const channel = new Set<{ tab: object; listener: (session: string) => void }>()
  const shared = new Set<{ tab: object; listener: (told: unknown) => void }>()
  /** Tabs that wait for their turn to hold the connection; the first one has it. */
  const leaders: { begin(): void; readonly tab: object }[] = []

  function openTab() {
    const tab = { visible: true, wake: () => {} }
    const lead: NonNullable<Surroundings['lead']> = (task) => {
      const over = new AbortController()
      const turn = { tab, begin: () => void task(over.signal).finally(() => leave()) }
      const leave = () => {
        const at = leaders.indexOf(turn)
        if (at >= 0) leaders.splice(at, 1)
        if (at === 0) leaders[0]?.begin()
      }
      leaders.push(turn)
      if (leaders.length === 1) turn.begin()
      return () => {
        over.abort()
        leave()
      }
    }
    const surroundings: Surroundings = {
      visible: () => tab.visible,
      onWake(listener) {
        tab.wake = listener
        return () => {
          tab.wake = () => {}
        }
      },
      tell(session) {
        for (const other of channel) if (other.tab !== tab) other.listener(session)
      },
      onTold(listener) {
        const entry = { tab, listener }
        channel.add(entry)
        return () => channel.delete(entry)
      },
      share(told) {
        for (const other of shared) if (other.tab !== tab) other.listener(told)
      },
      onShared(listener) {
        const entry = { tab, listener }
        shared.add(entry)
        return () => shared.delete(entry)
      },
      lead: server.events ? lead : undefined,
    }
    const refuse = new Set<(error: SignInNeededError) => void>()
    const leave = new Set<() => void>()
    const bff = {
      ...createBff(),
      fetch: async () => server.events?.() ?? new Response(null, { status: 404 }),
      async user({ slide = true } = {}) {
        server.looks.push({ slide })
        if (server.answer instanceof Error) throw server.answer
        return server.answer
      },
      onSignInNeeded(listener: (error: SignInNeededError) => void) {
        refuse.add(listener)
        return () => refuse.delete(listener)
      },
      onLogout(listener: () => void) {
        leave.add(listener)
        return () => leave.delete(listener)
      },
    }
    const watch = createSessionWatch({ bff, surroundings })
    const close = watch.subscribe(() => {})
    open.add(close)
    const callRefused = (code: string) => {
      for (const each of refuse) each(new SignInNeededError(code, '', '/bff/login'))
    }
    const signOut = () => {
      for (const each of leave) each()
    }
    return { watch, tab, close, callRefused, signOut }
  }
  return { server, openTab, channel }
}
