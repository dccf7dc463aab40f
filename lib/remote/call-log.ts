import { clientAddress, type ForwardedTrust } from '../http/forwarded.ts'
import { type ProblemCode, problems } from '../http/problem.ts'
import type { Log } from '../telemetry/log.ts'
import { remoteRoot } from './match-route.ts'

export interface LoggedCall {
  readonly requestId: string
  /** Name of the remote. */
  readonly remote: string
  /** Address of the client, where it is known. */
  readonly client: string | undefined
}

/** The client behind a call: told with what is refused (A5). */
export function clientOf(
  call: { readonly peerAddress: string },
  head: { readonly forwardedFor: string | undefined },
  services: { readonly trusts: ForwardedTrust },
): string | undefined {
  return clientAddress(call.peerAddress, head.forwardedFor, services.trusts) || undefined
}

/** A problem that we answer: the client's, or the API's and ours. */
export function logProblem(log: Log, call: LoggedCall, code: ProblemCode, cause: unknown): void {
  const { requestId, remote, client } = call
  if (problems[code][0] >= 500) log.event('remote.failed', { requestId, remote, code, cause })
  else log.event('request.refused', { requestId, code, route: `${remoteRoot}/${remote}`, client })
}

/** A call with a ticket that is not ours. */
export function logForgedTicket(log: Log, { requestId, remote, client }: LoggedCall): void {
  const route = `${remoteRoot}/${remote}`
  log.event('request.suspicious', { requestId, what: 'forged_ticket', route, client })
}

/** An answer that did not come to its end. */
export function logAbort(
  log: Log,
  call: LoggedCall,
  by: 'client' | 'upstream' | 'server',
  cause?: unknown,
): void {
  const { requestId, remote } = call
  log.event('remote.aborted', { requestId, remote, by, ...(cause ? { cause } : {}) })
}
