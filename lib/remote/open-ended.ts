import { StoreUnavailableError } from '../store/key-value.ts'
import type { ReadSession } from './call-services.ts'

/** What has no end of its own: a WebSocket, or a stream of events. */
export interface OpenEnded {
  /** The cookie with which it was opened; undefined when it needs no session. */
  readonly cookie: string | undefined
  close(): void
}

/** All of them: each is closed when its session has ended or expired (P11), and from the end of the server on. */
export interface AllOpenEnded {
  add(one: OpenEnded): void
  remove(one: OpenEnded): void
  endAll(): void
  readonly size: number
}

export interface OpenEndedDeps {
  readonly readSession: ReadSession
  /** How often sessions are looked at, in milliseconds. */
  readonly everyMs: number
  readonly onError: (cause: unknown) => void
}

export function createOpenEnded({ readSession, everyMs, onError }: OpenEndedDeps): AllOpenEnded {
  const all = new Set<OpenEnded>()
  let timer: NodeJS.Timeout | undefined
  let isOver = false

  async function check(one: OpenEnded): Promise<void> {
    try {
      // A look is no use: what stays open does not keep a session alive.
      const found = await readSession(one.cookie, 'peek')
      if (found.kind === 'none') one.close()
    } catch (cause) {
      // Nobody is signed out because the store cannot be asked.
      if (!(cause instanceof StoreUnavailableError)) onError(cause)
    }
  }

  function checkAll(): void {
    for (const one of all) if (one.cookie !== undefined) void check(one)
  }

  function stopWhenIdle(): void {
    if (all.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    get size() {
      return all.size
    },
    add(one) {
      // Not before the caller has put it in its place.
      if (isOver) return queueMicrotask(() => one.close())
      all.add(one)
      timer ??= setInterval(checkAll, everyMs).unref()
    },
    remove(one) {
      all.delete(one)
      stopWhenIdle()
    },
    endAll() {
      isOver = true
      for (const one of [...all]) one.close()
    },
  }
}
