import { clientAddress, type ForwardedTrust, plainAddress, unixPeer } from '../http/forwarded.ts'
import { isLoopback } from '../http/loopback.ts'
import { networkOf } from '../http/network.ts'
import { isPrivateAddress } from '../http/private-network.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { Log } from '../telemetry/log.ts'
import { createShares } from './shares.ts'
import type { Upstream } from './upstream.ts'

/** Who asks for a place. */
export interface PlaceSeeker {
  readonly peerAddress: string
  readonly forwardedFor: string | undefined
  readonly sessionKey: string | undefined
}

/** What a call holds from the first byte that it costs us until its answer is over (P17). */
export interface Place {
  /** Takes one of the API's own places too, when the request is sent. Else why there is none. */
  enter(upstream: Upstream): ProblemCode | undefined
  leave(): void
}

/** Counts a call for its address and its session, or says why it may not be. */
export type TakePlace = (seeker: PlaceSeeker) => Place | ProblemCode

export interface PlacesDeps {
  readonly limits: { readonly perAddress: number; readonly perSession: number }
  readonly trusts: ForwardedTrust
  readonly publicOrigin: string
  readonly log: Log
}

export function createPlaces({ limits, trusts, publicOrigin, log }: PlacesDeps): TakePlace {
  const addresses = createShares(limits.perAddress)
  const sessions = createShares(limits.perSession)
  const isLocal = isLoopback(new URL(publicOrigin).hostname)
  let isTold = false

  /** Undefined where it is not known: everybody behind one front would share one limit. */
  function addressOf({ peerAddress, forwardedFor }: PlaceSeeker): string | undefined {
    const peer = plainAddress(peerAddress)
    if (trusts(peerAddress)) {
      const client = clientAddress(peerAddress, forwardedFor, trusts)
      return client === peer ? undefined : client
    }
    if (peer !== '' && peer !== unixPeer && !isPrivateAddress(peer)) return peer
    if (peer !== '' && !isTold && (!isLocal || forwardedFor !== undefined)) tell(peer)
    return undefined
  }

  function tell(peer: string): void {
    isTold = true
    log.event('misconfiguration', {
      what: `Requests come through ${peer}, a front that BFF_TRUST_PROXY does not name: no limit for each client's address holds.`,
      fix:
        peer === unixPeer
          ? 'Set BFF_TRUST_PROXY to unix.'
          : "Set BFF_TRUST_PROXY to your proxies' addresses.",
    })
  }

  return (seeker) => {
    const known = addressOf(seeker)
    const address = known === undefined ? undefined : networkOf(known)
    const { sessionKey } = seeker
    if (!addresses.take(address)) return 'too_many_requests'
    if (!sessions.take(sessionKey)) {
      addresses.give(address)
      return 'too_many_requests'
    }
    let entered: Upstream | undefined
    return {
      enter(upstream) {
        const refusal = upstream.admit()
        if (refusal === undefined) entered = upstream
        return refusal
      },
      leave() {
        entered?.released()
        addresses.give(address)
        sessions.give(sessionKey)
      },
    }
  }
}
