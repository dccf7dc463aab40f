import { type CsrfRule, passesCsrf } from '../http/csrf.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { RouteMatch } from './match-route.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { RequestHead } from './request-headers.ts'
import { isSafePath, isSafeQuery } from './request-path.ts'

/** Why a request is refused before anybody is asked anything: its method, its origin, its path. */
export function refusalOf(
  request: { readonly method: string; readonly head: RequestHead; readonly match: RouteMatch },
  remote: Pick<ReadyRemote, 'allows'>,
  csrf: CsrfRule,
): ProblemCode | undefined {
  const { method, head, match } = request
  if (!remote.allows(method)) return 'method_not_allowed'
  if (!passesCsrf(head, csrf)) return 'csrf_check_failed'
  if (!isSafePath(match.path) || !isSafeQuery(match.query)) return 'bad_path'
  return undefined
}
