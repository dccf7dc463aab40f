import { createClient, ErrorReply } from '@redis/client'
import type { ServerWire } from './server-link.ts'

export interface Dialing {
  readonly url: string
  readonly signal: AbortSignal
  onLost(cause: unknown): void
  /** A key as it is called in Redis; null for all of them. */
  onInvalidated(name: Buffer | null): void
}

const dialTimeoutMs = 2_000

/** The first word of an error reply is its code: that is the protocol, not a message. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof ErrorReply ? error.message.split(' ', 1)[0] : undefined
}

/** The words of an error reply: `MOVED 3999 127.0.0.1:6381`. */
export function errorWords(error: unknown): string[] {
  return error instanceof ErrorReply ? error.message.split(' ') : []
}

/** A server that turned into a replica was a primary once: by now the address may lead to another one. */
export function judge(error: unknown): 'refused' | 'useless' {
  const code = errorCode(error)
  return code === undefined || code === 'READONLY' || code === 'MASTERDOWN' ? 'useless' : 'refused'
}

/**
 * A connection with tracking; where the server refuses exactly that (a proxy, an access list), one without;
 * where it does not know RESP3 at all (Redis 5, many proxies), one over RESP2. Any other refusal (a wrong
 * password, a server that is loading) is a failure like all others.
 */
export async function dialRedis(dialing: Dialing): Promise<{ wire: ServerWire; tracked: boolean }> {
  const signal = AbortSignal.any([dialing.signal, AbortSignal.timeout(dialTimeoutMs)])
  const attempt = { ...dialing, signal }
  try {
    return { wire: await connect(attempt, 'tracked'), tracked: true }
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    const wire =
      (await openWithout(['CLIENT', 'TRACKING', 'ON'], attempt, 'untracked')) ??
      (await openWithout(['HELLO', '3'], attempt, 'resp2'))
    if (!wire) throw error
    return { wire, tracked: false }
  }
}

/** A connection of a lesser kind, if the server refuses the command that would make it one of the better kind. */
async function openWithout(
  command: string[],
  dialing: Dialing,
  mode: 'untracked' | 'resp2',
): Promise<ServerWire | undefined> {
  const { signal } = dialing
  let wire: ServerWire
  try {
    wire = await connect(dialing, mode)
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
  signal.addEventListener('abort', wire.destroy)
  const answer = await wire.send(command).catch((refusal) => refusal)
  signal.removeEventListener('abort', wire.destroy)
  if (errorCode(answer) !== undefined) return wire
  wire.destroy()
  return undefined
}

/** For questions about other servers: no tracking, and nothing that a sentinel does not know. */
export function connectPlainly(dialing: Omit<Dialing, 'onInvalidated'>): Promise<ServerWire> {
  return connect({ ...dialing, onInvalidated: () => {} }, 'resp2')
}

type Mode = 'tracked' | 'untracked' | 'resp2'

async function connect(dialing: Dialing, mode: Mode): Promise<ServerWire> {
  const { signal } = dialing
  signal.throwIfAborted()
  const client = createClient({
    url: dialing.url,
    RESP: mode === 'resp2' ? 2 : 3,
    // Asked for by a command of its own there, which a proxy need not know.
    ...(mode === 'resp2' ? {} : { name: 'cloakroom' }),
    emitInvalidate: mode === 'tracked',
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // Deadlines and reconnection are the link's: those of the client end when a command is written, and
    // its cache has no way to say that a connection is merely silent.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: dialTimeoutMs, reconnectStrategy: false },
  })
  client.on('error', dialing.onLost)
  client.on('invalidate', dialing.onInvalidated)
  const wire: ServerWire = {
    send: (args) => client.sendCommand(args),
    destroy: () => client.destroy(),
  }
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      client.destroy()
      reject(cause)
    }
    const giveUp = (): void => fail(signal.reason)
    signal.addEventListener('abort', giveUp)
    client
      .connect()
      // Too late: the client has no way to stop a connection that is still being made.
      .then(() => (signal.aborted ? client.destroy() : resolve(wire)), fail)
      .finally(() => signal.removeEventListener('abort', giveUp))
  })
}
