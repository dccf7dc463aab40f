import { isToken } from './header-name.ts'
import { publicPathOf } from './remote-paths.ts'
import type { Report } from './report.ts'

// Each is deleted by name and place at a sign-out, and the head of that answer has 4 KB, of which the provider's
// address takes half (L27).
const maxCookies = 6
const maxDeletionBytes = 940

/** Names of an API's cookies: none of ours, of whichever frontend. */
export function cookieNames(
  setting: string,
  names: readonly string[],
  { cookieName, report }: { cookieName: string; report: Report },
): readonly string[] {
  const ours = new RegExp(`^(__(host|secure|http|host-http)-)?(bff|${cookieName})([-.]|$)`, 'i')
  for (const [index, name] of names.entries()) {
    const where = `${setting}[${index}]`
    if (!isToken(name) || name === '*') {
      report.problem(where, 'is not a valid cookie name', 'list names one by one')
    } else if (ours.test(name)) {
      report.problem(where, 'is a cookie of Cloakroom itself', 'rename the cookie of the API')
    }
  }
  return names
}

/** A cookie that travels to one API may not be another's: each could plant what the other believes. */
export function checkCookieOwners(
  remotes: Readonly<
    Record<
      string,
      Readonly<Record<'cookies' | 'setCookie', readonly string[]>> & { readonly path?: string }
    >
  >,
  { cookieName, root, report }: { cookieName: string; root: string; report: Report },
): void {
  const all = Object.entries(remotes)
  for (const [remote, { cookies }] of all) {
    for (const [index, name] of cookies.entries()) {
      const other = all.find(
        ([it, of]) => it !== remote && (of.cookies.includes(name) || of.setCookie.includes(name)),
      )
      if (!other) continue
      const problem = `is a cookie of remotes.${other[0]}, too`
      report.problem(`remotes.${remote}.cookies[${index}]`, problem, 'let one of them rename it')
    }
  }
  const deletions = all.flatMap(([remote, { cookies, path }]) =>
    cookies.flatMap((name) => [
      deletion(name, '/'),
      deletion(name, publicPathOf(remote, path, root)),
    ]),
  )
  const bytes = deletions.join('').length + ours * cookieName.length
  if (deletions.length > 2 * maxCookies) {
    report.problem('remotes', `have more than ${maxCookies} cookies in all`, 'list fewer')
  } else if (deletions.length > 0 && bytes > maxDeletionBytes) {
    const problem = `have cookies whose deletion takes ${bytes} bytes, of ${maxDeletionBytes} that a sign-out has for it`
    const fix = 'list fewer, or shorten their names, those of their remotes or session.cookieName'
    report.problem('remotes', problem, fix)
  }
}

/** How many cookies of Cloakroom itself a sign-out deletes beside them. */
const ours = 4

function deletion(name: string, path: string): string {
  return `set-cookie: ${name}=; Path=${path}; Max-Age=0; Secure\r\n`
}
