import { StoreUnavailableError } from '../store/key-value.ts'
import type { ReadSession } from './call-services.ts'

/** A WebSocket that lives by a session. */
export interface OpenSocket {
  /** The cookie with which it was opened; undefined when it needs no session. */
  readonly cookie: string | undefined
  close(): void
}

/** All open WebSockets: they are closed when their session has ended or expired (P11), and at the end of the server. */
export interface OpenSockets {
  add(socket: OpenSocket): void
  remove(socket: OpenSocket): void
  closeAll(): void
}

export interface OpenSocketsDeps {
  readonly readSession: ReadSession
  /** How often sessions are looked at, in milliseconds. */
  readonly everyMs: number
  readonly onError: (cause: unknown) => void
}

export function createOpenSockets({ readSession, everyMs, onError }: OpenSocketsDeps): OpenSockets {
  const sockets = new Set<OpenSocket>()
  let timer: NodeJS.Timeout | undefined

  async function check(socket: OpenSocket): Promise<void> {
    try {
      // A look is no use: an open socket does not keep a session alive.
      const found = await readSession(socket.cookie, 'peek')
      if (found.kind === 'none') socket.close()
    } catch (cause) {
      // Nobody is signed out because the store cannot be asked.
      if (!(cause instanceof StoreUnavailableError)) onError(cause)
    }
  }

  function checkAll(): void {
    for (const socket of sockets) if (socket.cookie !== undefined) void check(socket)
  }

  function stopWhenIdle(): void {
    if (sockets.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    add(socket) {
      sockets.add(socket)
      timer ??= setInterval(checkAll, everyMs).unref()
    },
    remove(socket) {
      sockets.delete(socket)
      stopWhenIdle()
    },
    closeAll() {
      for (const socket of [...sockets]) socket.close()
    },
  }
}
