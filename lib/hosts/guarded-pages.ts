import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { ownPathsOf } from '../config/paths.ts'
import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import { isOwnPath } from '../http/own-paths.ts'
import { isProtected } from '../pages/page-gate.ts'
import type { Log } from '../telemetry/log.ts'

/**
 * Entries of `spa.protectedPages` that no gate stands in front of, since the middleware of this build is
 * not asked about them (A14). None where there is no build to look at.
 */
export function unguardedPages(settings: Settings, build: string): Problem[] {
  const matchers = readMatchers(build)
  const ownPaths = ownPathsOf(settings)
  return settings.spa.protectedPages.flatMap((page, index) => {
    const setting = `spa.protectedPages[${index}]`
    if (isOwnPath(page, ownPaths)) {
      return [
        { setting, problem: 'is no page', fix: 'leave it out: the engine guards its own paths' },
      ]
    }
    const below = page === '/' ? [page] : [page, `${page}/x`]
    if (!matchers || below.every((path) => matchers.some((it) => it.test(path)))) return []
    const fix = 'use a path that the matcher of middleware.ts lets in, or widen the matcher'
    return [{ setting, problem: 'is not seen by the middleware', fix }]
  })
}

/** What Next wrote down about the middleware when it built; undefined where there is no such file. */
function readMatchers(build: string): RegExp[] | undefined {
  const file = join(build, 'server/functions-config-manifest.json')
  try {
    const { functions = {} } = JSON.parse(readFileSync(/* turbopackIgnore: true */ file, 'utf8'))
    const matchers: { regexp: string }[] = functions['/_middleware']?.matchers ?? []
    return matchers.map(({ regexp }) => new RegExp(regexp))
  } catch {
    return undefined
  }
}

/** Tells once for each protected page that was served although no gate was asked about it. */
export interface GateWatch {
  /** The gate was asked about this page. */
  saw(pathname: string): void
  stop(): void
}

export function createGateWatch(protectedPages: readonly string[], log: Log): GateWatch {
  const waiting = new Set(protectedPages)
  const prefixesOf = (path: string) => [...waiting].filter((page) => isProtected(path, [page]))

  function onFinish(message: unknown): void {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    const isPage =
      response.statusCode === 200 && String(response.getHeader('content-type')).includes('html')
    if (waiting.size === 0 || !isPage) return
    for (const page of prefixesOf(request.url?.split('?', 1)[0] ?? '/')) {
      waiting.delete(page)
      log.event('misconfiguration', {
        what: `${page} is in spa.protectedPages, and was served without the gate`,
        fix: 'let the middleware run for this page',
      })
    }
  }

  const channel = 'http.server.response.finish'
  if (waiting.size > 0) subscribe(channel, onFinish)
  return {
    saw(pathname) {
      for (const page of prefixesOf(pathname)) waiting.delete(page)
    },
    stop: () => void unsubscribe(channel, onFinish),
  }
}
