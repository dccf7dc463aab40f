import * as z from 'zod'
import { wholeNumber } from './schema-leaf.ts'

export const limits = z.strictObject({
  /**
   * Calls in flight of one client's address, in each process; more are answered 429. From `1`. WebSockets
   * do not count once they are open; the addresses of one IPv6 network of 64 bits are one. No such limit holds
   * for a peer on loopback or in a private network, which may be a front: name it in `BFF_TRUST_PROXY`.
   */
  perAddress: wholeNumber(1).prefault(1024),
  /**
   * Calls in flight of one session, in each process; more are answered 429. From `1`. Calls to remotes that
   * need no session (`token: 'none'`, `'client'`) do not count.
   */
  perSession: wholeNumber(1).prefault(512),
})

export type LimitsSettings = Readonly<z.output<typeof limits>>
