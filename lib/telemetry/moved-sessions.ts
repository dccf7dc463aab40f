import { networkOf } from '../http/network.ts'
import { sha256 } from '../http/sha256.ts'
import type { DoneRequest, Requester, TellDone } from './done-requests.ts'
import type { Log } from './log.ts'

type Seen = Pick<Requester, 'peerAddress' | 'forwardedFor' | 'userAgent'> & {
  readonly network: string
}

/** Sessions that are followed, per generation of two; each takes some hundred bytes. */
const mostSessions = 5000

/** Of a header that anybody may fill: as it is, or what stands for it. */
function short(text: string | undefined): string | undefined {
  return text === undefined || text.length <= 256 ? text : sha256(text)
}

/**
 * Tells of a session that is used from another place than the time before: a ticket that somebody took along works
 * anywhere, and this is how one sees it. An address alone changes with every train ride; another browser, in the
 * middle of a session, is hardly its owner. Nobody is signed out for it.
 */
export function createMovedSessions(log: Log): TellDone {
  let young = new Map<string, Seen>()
  let old = new Map<string, Seen>()

  function remember(handle: string, seen: Seen): void {
    if (young.size >= mostSessions) {
      old = young
      young = new Map()
    }
    young.set(handle, seen)
  }

  return ({ requestId, who }: DoneRequest) => {
    const { sessionHandle: handle, peerAddress } = who
    const [forwardedFor, userAgent] = [short(who.forwardedFor), short(who.userAgent)]
    if (handle === undefined) return
    const before = young.get(handle) ?? old.get(handle)
    const isSame =
      before?.userAgent === userAgent &&
      before?.peerAddress === peerAddress &&
      before?.forwardedFor === forwardedFor
    if (before && isSame) return
    const { client } = who
    const network = networkOf(client ?? '')
    remember(handle, { peerAddress, forwardedFor, userAgent, network })
    if (!before) return
    const byAddress = before.network !== network
    const byBrowser = before.userAgent !== userAgent
    if (!byAddress && !byBrowser) return
    const what = byAddress && byBrowser ? 'address_and_browser' : byAddress ? 'address' : 'browser'
    log.event('session.moved', { requestId, client, what })
  }
}
