import { sha256 } from '../http/sha256.ts'
import type { Log } from './log.ts'

/** A request that was answered to its end, or that nobody waits for any more. */
export interface DoneRequest {
  readonly requestId: string
  /** Name of the remote; undefined where no remote API was called. */
  readonly remote?: string | undefined
  /** A path of ours that was known before the request came, or a word for those that are not. */
  readonly route: string
  readonly method: string
  /** 499 where the client went away before there was one. */
  readonly status: number
  /** By `performance.now()`. */
  readonly startedAt: number
  /** Of the bodies. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Worked out only where it is written down. */
  readonly who: Requester
}

export interface Requester {
  /** The client's address, where it is known. */
  readonly client?: string | undefined
  /** The handle of the session with which it was asked. */
  readonly sessionHandle?: string | undefined
  /** As they came: by these one sees whether anything is another than before. */
  readonly peerAddress?: string | undefined
  readonly forwardedFor?: string | undefined
  readonly userAgent?: string | undefined
}

/** Is told of every request when it is over: a stream at its end. */
export type TellDone = (done: DoneRequest) => void

export const clientGone = 499

/** One line for each request (A51). The session stands in it under a name from which no handle can be had. */
export function createAccessLog(log: Log): TellDone {
  return ({ requestId, remote, route, method, status, startedAt, bytesIn, bytesOut, who }) => {
    const { client, sessionHandle } = who
    const ms = Math.round((performance.now() - startedAt) * 10) / 10
    const place = remote === undefined ? { route } : { remote }
    const session = sessionHandle === undefined ? {} : { session: nameOfSession(sessionHandle) }
    const what = { requestId, ...place, method, status, ms, bytesIn, bytesOut }
    log.event('request.done', { ...what, ...(client === undefined ? {} : { client }), ...session })
  }
}

function nameOfSession(handle: string): string {
  return sha256(handle).slice(0, 16)
}

export function tellAll(all: readonly TellDone[]): TellDone {
  return (done) => {
    for (const tell of all) tell(done)
  }
}
