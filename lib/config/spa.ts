import { resolve } from 'node:path'
import * as z from 'zod'
import { isLoopback } from '../http/loopback.ts'
import { type Csp, parseCsp } from './csp-sources.ts'
import { type Environment, type Mode, readerOf, type Variables } from './env.ts'
import { accepted, type Parsed, refused } from './parsed.ts'
import { parsePath } from './paths.ts'
import type { Report } from './report.ts'
import { byteSize, leaf, text, textList } from './schema-leaf.ts'
import { parseOrigin, parseWebAddress } from './web-address.ts'

export const spa = z.strictObject({
  /**
   * Other origins that the app is served from, such as `https://app.example.com`. They get CORS headers
   * and may be returned to after sign-in. Each one is trusted as much as the public origin itself.
   */
  origins: textList().prefault([]),
  /**
   * Page prefixes, such as `/account`, that send an anonymous visitor to sign-in. A convenience for
   * people: data is protected by the engine, whatever is listed here.
   */
  protectedPages: textList().prefault([]),
  /**
   * Size of a body that a page may be sent by POST (server actions), and the app's own route handlers by
   * any method; a larger one is 413. It has to arrive within 20 seconds, since anybody may send one.
   */
  pageMaxBody: byteSize().prefault('1MB'),
  /**
   * Folder of the app's built files, which `cloakroom serve` serves: `dist`. Relative to the folder of the
   * configuration file. Navigations to unknown paths get its `index.html`. `BFF_SPA_DIR` and `--spa` go before it.
   */
  dir: text().exactOptional(),
  /**
   * In development: address of the app's own server, such as `http://localhost:5173` (Vite). Everything that is
   * not ours goes there, WebSockets too, so that the browser sees one origin. In production it is not used.
   */
  devServer: leaf<string>(parseDevServer).exactOptional(),
  /**
   * In place of `dir`, for an app whose files lie on a CDN: address of its `index.html`, which is fetched, kept for
   * ten seconds, and shown on while the CDN is down. Its files must lie on that origin too.
   */
  index: leaf<string>(parseIndex).exactOptional(),
  /**
   * Path of a page of the app, such as `/sign-in-failed`, that shows a sign-in or sign-out that failed. It is
   * told `code` (docs/endpoints.md), `requestId` and `retry` (1: signing in again may help) in its query. Left
   * out: a page of ours.
   */
  errorPage: leaf<string>(parsePath).exactOptional(),
  /**
   * Policy of the served pages (Content-Security-Policy). `default` lets run what a static build consists of: its
   * own files, and the inline scripts that stand in the page. An object adds sources by directive:
   * `{ 'connect-src': ['https://api.example.com'] }`. `off` sends none; all other security headers stay.
   */
  csp: leaf<Csp>(parseCsp).prefault('default'),
})

type Given = z.output<typeof spa>

export interface SpaSettings extends Readonly<Omit<Given, 'pageMaxBody'>> {
  readonly pageMaxBodyBytes: number
}

export const spaVariables = {
  BFF_SPA_DIR: {
    meaning:
      'Folder of the app’s built files, in place of `spa.dir`. Relative to the current folder.',
    example: '/app/dist',
  },
} as const satisfies Variables

const read = readerOf(spaVariables)

export interface SpaRules {
  readonly mode: Mode
  /** Of a frontend that lives at a path. */
  readonly root: string
  readonly report: Report
}

/**
 * Origins in the browser's spelling, page prefixes without trailing slash (`/` stays), and one place that the app
 * comes from.
 */
export function spaSettings(
  env: Environment,
  { pageMaxBody, dir: given, devServer: server, ...rest }: Given,
  { mode, root, report }: SpaRules,
): SpaSettings {
  const dir = read(env, 'BFF_SPA_DIR') ?? given
  const devServer = mode === 'development' ? server : undefined
  const origins = rest.origins.map((text, index) => {
    const origin = parseOrigin(text)
    if (!origin.ok) report.problem(`spa.origins[${index}]`, origin.problem, origin.fix)
    return origin.ok ? origin.value : ''
  })
  const protectedPages = rest.protectedPages.map((text, index) => {
    const path = parsePath(text)
    if (!path.ok) report.problem(`spa.protectedPages[${index}]`, path.problem, path.fix)
    return root + (path.ok ? path.value : '') || '/'
  })
  const errorPage = rest.errorPage === undefined ? undefined : root + rest.errorPage
  if (errorPage !== undefined && isAtOrBelow(errorPage || '/', protectedPages)) {
    const fix = 'name one that everybody may see, or a failed sign-in begins again without end'
    report.problem('spa.errorPage', 'is a protected page', fix)
  }
  if (dir !== undefined && rest.index !== undefined) {
    report.problem('spa.index', 'stands beside spa.dir', 'keep the one that the app comes from')
  }
  return {
    ...rest,
    ...(errorPage === undefined ? {} : { errorPage: errorPage || '/' }),
    ...(dir === undefined ? {} : { dir: resolve(dir) }),
    ...(devServer === undefined ? {} : { devServer }),
    origins: [...new Set(origins)],
    protectedPages: [...new Set(protectedPages)],
    pageMaxBodyBytes: pageMaxBody,
  }
}

/** A failed sign-in leads there: to an endpoint of ours it would fail again, without end. */
export function checkErrorPage(
  page: string | undefined,
  ownPaths: readonly string[],
  report: Report,
): void {
  if (page === undefined || !isAtOrBelow(page, ownPaths)) return
  report.problem('spa.errorPage', 'is no page, but an endpoint or a remote', 'name one of the app')
}

/** An origin on this machine: whatever answers there is shown as the app. */
function parseDevServer(value: unknown): Parsed<string> {
  const origin = parseOrigin(typeof value === 'string' ? value : '')
  if (!origin.ok) return origin
  const { protocol, hostname } = new URL(origin.value)
  if (protocol === 'http:' && isLoopback(hostname)) return origin
  return refused('is not on this machine', 'write it as http://localhost:5173')
}

function isAtOrBelow(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some(
    (prefix) => prefix === '/' || path === prefix || path.startsWith(`${prefix}/`),
  )
}

function parseIndex(value: unknown): Parsed<string> {
  const address = parseWebAddress(typeof value === 'string' ? value : '', 'on-loopback')
  return address.ok ? accepted(address.value.href) : address
}
