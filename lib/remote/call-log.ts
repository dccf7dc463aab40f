import { type ProblemCode, problems } from '../http/problem.ts'
import type { Log } from '../telemetry/log.ts'
import { remoteRoot } from './match-route.ts'

export interface LoggedCall {
  readonly requestId: string
  /** Name of the remote. */
  readonly remote: string
}

/** A problem that we answer: the client's, or the API's and ours. */
export function logProblem(log: Log, call: LoggedCall, code: ProblemCode, cause: unknown): void {
  const { requestId, remote } = call
  if (problems[code][0] >= 500) log.event('remote.failed', { requestId, remote, code, cause })
  else log.event('request.refused', { requestId, code, route: `${remoteRoot}/${remote}` })
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
