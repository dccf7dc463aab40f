import * as z from 'zod'
import { accepted, type Parsed, refused } from './parsed.ts'
import { isAtOrBelow, remotePrefix } from './remote-paths.ts'
import type { Report } from './report.ts'
import { leaf } from './schema-leaf.ts'

const endpoints = [
  'login',
  'logout',
  'user',
  'events',
  'sessions',
  'silent-login',
  'silent-login-callback',
  'backchannel',
  'frontchannel',
  'diagnostics',
  'health/live',
  'health/ready',
]

/** A path of plain segments, without a trailing slash; `/` becomes the empty string. */
export function parsePath(value: unknown): Parsed<string> {
  if (typeof value !== 'string' || !value.startsWith('/')) {
    return refused('is not a valid path', 'begin it with /')
  }
  const path = value.replace(/\/$/, '')
  const segments = path.split('/').slice(1)
  if (segments.some((segment) => !/^[A-Za-z0-9._~-]+$/.test(segment) || /^\.+$/.test(segment))) {
    return refused('is not a plain path', 'use segments of letters, digits, ., _, ~ and -')
  }
  return accepted(path)
}

export const paths = z.strictObject({
  /** Path under which the endpoints live; `/` puts them at the root of the origin. */
  basePath: leaf<string>(parsePath).prefault('/bff'),
  /**
   * Path that the provider sends the browser back to after sign-in. Change it only for a client that
   * is already registered with another one, such as `/signin-oidc`. Follows `basePath`.
   * @default '/bff/callback'
   */
  callbackPath: leaf<string>(parsePath).exactOptional(),
  /**
   * Path that the provider sends the browser back to after sign-out. Follows `basePath`.
   * @default '/bff/logout-callback'
   */
  logoutCallbackPath: leaf<string>(parsePath).exactOptional(),
})

export interface Paths {
  /** What stands before every path of a frontend that lives at one: `/shop`; else the empty string. */
  readonly root: string
  /** Below it lie the remotes that have no path of their own. */
  readonly remotePrefix: string
  /** Where the endpoints live, without a trailing slash: `/bff`; the empty string for the root. */
  readonly basePath: string
  readonly callbackPath: string
  readonly logoutCallbackPath: string
}

/** Fills in the two callback paths, and sees that no path takes the place of another. */
export function pathSettings(given: z.output<typeof paths>, root: string, report: Report): Paths {
  const { basePath } = given
  const callbackPath = given.callbackPath ?? `${basePath}/callback`
  const logoutCallbackPath = given.logoutCallbackPath ?? `${basePath}/logout-callback`
  const settings = {
    root,
    remotePrefix: root + remotePrefix,
    basePath: root + basePath,
    callbackPath: root + callbackPath,
    logoutCallbackPath: root + logoutCallbackPath,
  }
  if (isAtOrBelow(basePath, remotePrefix)) {
    report.problem('basePath', `is below ${remotePrefix}`, 'use another path, such as /bff')
    return settings
  }
  const taken = new Set(endpoints.map((name) => `${basePath}/${name}`))
  for (const [setting, path] of Object.entries({ callbackPath, logoutCallbackPath })) {
    if (path === '' || taken.has(path) || isAtOrBelow(path, remotePrefix)) {
      report.problem(setting, 'is the path of something else', 'use a path of its own')
    }
    taken.add(path)
  }
  return settings
}

/** Where the endpoints answer, at and below. */
export function endpointPathsOf({
  root,
  basePath,
  callbackPath,
  logoutCallbackPath,
}: Omit<Paths, 'remotePrefix'>): string[] {
  // At the root of the app they are among its pages.
  const below = basePath === root ? endpoints.map((name) => `${root}/${name}`) : [basePath]
  return [...below, callbackPath, logoutCallbackPath]
}

/** Where the engine answers, at and below: no page lives there. */
export function ownPathsOf(
  settings: Paths & { readonly remotes: Readonly<Record<string, { readonly path: string }>> },
): string[] {
  const remotes = Object.values(settings.remotes).map(({ path }) => path)
  return [...new Set([settings.remotePrefix, ...remotes, ...endpointPathsOf(settings)])]
}
