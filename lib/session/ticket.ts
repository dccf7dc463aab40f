import { randomBytes } from 'node:crypto'
import { readCookies, serializeCookie } from '../http/cookies.ts'
import { type BoundedMap, createBoundedMap } from '../store/bounded-map.ts'
import type { MaybePromise } from '../store/key-value.ts'
import { cookieNames } from './cookie-names.ts'
import { sessionKeyOfTicket } from './keys.ts'
import { createSeal } from './seal.ts'

/** What the ticket cookie says: which session, and until when at most. */
export interface Ticket {
  /** The session's store key. The id itself is in the cookie only. */
  readonly key: string
  /** Epoch milliseconds. */
  readonly absoluteAt: number
  /** A replacement cookie, when this one was sealed under an older secret. */
  readonly setCookie?: string
}

/** A good ticket. */
export interface RememberedTicket {
  /** The whole seal. */
  readonly value: string
  readonly ticket: Ticket
}

export interface TicketOptions {
  readonly secrets: readonly string[]
  /** Without its prefix. */
  readonly cookieName: string
  /** True where the public origin is https. */
  readonly secure: boolean
  readonly sameSite: 'strict' | 'lax'
  readonly now: () => number
  /** @default a memory of its own */
  readonly remembered?: Pick<BoundedMap<RememberedTicket>, 'get' | 'set'> | undefined
}

/** For the tickets of all frontends together. */
export function createTicketMemory(): BoundedMap<RememberedTicket> {
  return createBoundedMap<RememberedTicket>({
    maxWeight: 16 * 1024 * 1024,
    weigh: ({ value, ticket }) => value.length + (ticket.setCookie?.length ?? 0) + 300,
  })
}

export function createTickets(options: TicketOptions) {
  const { secrets, cookieName, secure, sameSite, now } = options
  const seal = createSeal(secrets, 'session')
  const name = cookieNames(cookieName, secure).ticket
  const prefix = `${name}=`
  const attributes = { secure, sameSite: sameSite === 'strict' ? 'Strict' : 'Lax' } as const
  // Unsealing costs half a millisecond, so a good ticket is remembered. A bad one is not: an attacker
  // must not be able to push the good ones out. Looked up by its end, since a hash of the whole would
  // cost more than comparing it.
  const { remembered = createTicketMemory() } = options

  const cookie = async (id: string, absoluteAt: number) =>
    serializeCookie(name, await seal.seal({ id, absoluteAt }), {
      ...attributes,
      maxAgeSeconds: Math.max(0, (absoluteAt - now()) / 1000),
    })

  const unseal = async (value: string): Promise<Ticket | undefined> => {
    const sealed = await seal.unseal(value)
    const { id, absoluteAt } = sealed?.value ?? {}
    if (typeof id !== 'string' || typeof absoluteAt !== 'number') return undefined
    const ticket: Ticket = {
      key: sessionKeyOfTicket(id),
      absoluteAt,
      ...(sealed?.outdated ? { setCookie: await cookie(id, absoluteAt) } : undefined),
    }
    // A copy, or the whole header that it was cut from would be kept with it.
    const own = Buffer.from(value, 'latin1').toString('latin1')
    if (absoluteAt > now()) remembered.set(endOf(own), { value: own, ticket })
    return ticket
  }

  const live = (ticket: Ticket | undefined) =>
    ticket && ticket.absoluteAt > now() ? ticket : undefined

  return {
    /** A new random session id with its store key. */
    issue() {
      const id = randomBytes(32).toString('base64url')
      return { id, key: sessionKeyOfTicket(id) }
    },
    cookie,
    clearCookie: () => serializeCookie(name, '', { ...attributes, maxAgeSeconds: 0 }),
    /**
     * The ticket of a request, if it carries exactly one that is ours and not past its absolute
     * expiry. Two cookies of the name are none: one of them was planted. `onForged` is told of what
     * stands under our name and is not ours.
     */
    read(
      cookieHeader: string | undefined,
      onForged?: () => void,
    ): MaybePromise<Ticket | undefined> {
      if (!cookieHeader?.includes(prefix)) return undefined
      const values = readCookies(cookieHeader, name)
      const value = values[0]
      if (values.length > 1) onForged?.()
      if (values.length !== 1 || !value) return undefined
      const known = remembered.get(endOf(value))
      if (known?.value === value) return live(known.ticket)
      return unseal(value).then((ticket) => {
        if (!ticket) onForged?.()
        return live(ticket)
      })
    },
  }
}

export type Tickets = ReturnType<typeof createTickets>

/** The seal's signature: 256 bits that no two seals share. */
function endOf(sealed: string): string {
  return sealed.slice(-43)
}
