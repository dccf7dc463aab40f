import type { RemoteSettings } from '../config/remote.ts'
import { type CsrfRule, passesCsrf } from '../http/csrf.ts'
import type { ProblemCode } from '../http/problem.ts'
import type { RouteMatch } from './match-route.ts'
import type { ReadyRemote } from './prepare-remote.ts'
import type { RequestHead } from './request-headers.ts'
import { isSafePath, isSafeQuery } from './request-path.ts'

// Fetch standard, section 2.2.5: the destinations that run what they get. To the app's policy an upload that
// the API serves would be one of its own scripts (P28).
const runs = new Set([
  ...['script', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'xslt'],
])

/** Why a request is refused before anybody is asked anything: its method, its origin, its path. */
export function refusalOf(
  request: { readonly method: string; readonly head: RequestHead; readonly match: RouteMatch },
  remote: Pick<ReadyRemote, 'allows'> & { readonly settings: Pick<RemoteSettings, 'scripts'> },
  csrf: CsrfRule,
): ProblemCode | undefined {
  const { method, head, match } = request
  if (!remote.allows(method)) return 'method_not_allowed'
  if (!passesCsrf(head, csrf)) return 'csrf_check_failed'
  const { fetchDest } = head
  if (fetchDest !== undefined && runs.has(fetchDest) && !remote.settings.scripts) {
    return 'script_refused'
  }
  if (!isSafePath(match.path) || !isSafeQuery(match.query)) return 'bad_path'
  return undefined
}
