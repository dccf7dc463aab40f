import { clientAddress, type ForwardedTrust, plainAddress, unixPeer } from '../http/forwarded.ts'
import { isLoopback } from '../http/loopback.ts'
import { isPrivateAddress } from '../http/private-network.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { Log } from '../telemetry/log.ts'
import { createShares } from './shares.ts'
import type { Upstream } from './upstream.ts'

/** Whose call it is that asks for a place. */
export interface Caller {
  readonly peerAddress: string
  readonly forwardedFor: string | undefined
  readonly sessionKey: string | undefined
}

/** What a call holds from the moment in which its request is sent until its answer is over (P17). */
export interface Place {
  leave(): void
}

/** Gives a place, or says why there is none. */
export type Admission = (upstream: Upstream, caller: Caller) => Place | ProblemCode

export interface AdmissionDeps {
  readonly limits: { readonly perAddress: number; readonly perSession: number }
  readonly trusts: ForwardedTrust
  readonly publicOrigin: string
  readonly log: Log
}

export function createAdmission({ limits, trusts, publicOrigin, log }: AdmissionDeps): Admission {
  const addresses = createShares(limits.perAddress)
  const sessions = createShares(limits.perSession)
  const isLocal = isLoopback(new URL(publicOrigin).hostname)
  let isTold = false

  /** Undefined where it is not known: everybody behind one front would share one limit. */
  function addressOf({ peerAddress, forwardedFor }: Caller): string | undefined {
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

  return (upstream, caller) => {
    const address = addressOf(caller)
    const { sessionKey } = caller
    if (!addresses.take(address)) return 'too_many_requests'
    if (!sessions.take(sessionKey)) {
      addresses.give(address)
      return 'too_many_requests'
    }
    const giveBack = () => {
      addresses.give(address)
      sessions.give(sessionKey)
    }
    const refusal = upstream.admit()
    if (refusal !== undefined) {
      giveBack()
      return refusal
    }
    return {
      leave() {
        upstream.released()
        giveBack()
      },
    }
  }
}
