import type { Settings } from '../config/settings.ts'
import { rawHeader } from '../http/raw-request.ts'

/** What a request is answered with that is no frontend's: its host is not listed, or its frontend was removed. */
export type Unclaimed = 'misdirected_request' | 'not_found'

/** Which frontend a request is for. The cost does not grow with their number. */
export interface Chooser<Frontend> {
  /** `rawHeaders` is a flat list, of which `Host` is read; `target` is the request-target as received. */
  choose(rawHeaders: readonly string[], target: string): Frontend | Unclaimed
}

export interface Choices<Frontend> {
  readonly top: Frontend
  readonly others: readonly Frontend[]
  readonly settingsOf: (frontend: Frontend) => Settings
  /** Hosts and paths of frontends that were there until a reload. */
  readonly removed?: ReadonlySet<string>
}

/** Paths below the endpoints' that anybody may ask by any name: they read no cookie (A17). */
const anyHost = ['/health/live', '/health/ready', '/backchannel']

export function createChooser<Frontend>({
  top,
  others,
  settingsOf,
  removed = new Set(),
}: Choices<Frontend>): Chooser<Frontend> {
  if (others.length === 0 && removed.size === 0) return { choose: () => top }
  const { publicOrigin, basePath } = settingsOf(top)
  const byHost = new Map<string, Frontend>()
  const byPath = new Map<string, Frontend>()
  for (const each of others) {
    const { hosts, path } = settingsOf(each).frontend ?? { hosts: [] }
    for (const host of hosts) byHost.set(host, each)
    if (path !== undefined) byPath.set(path, each)
  }
  const topHost = new URL(publicOrigin).host
  const isByHost = byHost.size > 0 || [...removed].some((it) => !it.startsWith('/'))
  const paths = [...byPath.keys(), ...removed].filter((it) => it.startsWith('/'))
  const deepest = Math.max(0, ...paths.map((path) => path.split('/').length - 1))
  const forAnybody = new Set(anyHost.map((path) => basePath + path))

  /** The longest path that the target lies at or below, on whole segments. */
  function atPath(target: string, pathEnd: number): Frontend | Unclaimed {
    let found: Frontend | Unclaimed = top
    for (let depth = 0, end = 0; depth < deepest && end < pathEnd; depth += 1) {
      const slash = target.indexOf('/', end + 1)
      end = slash < 0 || slash > pathEnd ? pathEnd : slash
      const path = target.slice(0, end)
      found = byPath.get(path) ?? (removed.has(path) ? 'not_found' : found)
    }
    return found
  }

  return {
    choose(rawHeaders, received) {
      const [authority, target] = partsOf(received)
      const mark = target.indexOf('?')
      const pathEnd = mark < 0 ? target.length : mark
      if (!isByHost) return atPath(target, pathEnd)
      const name = (authority ?? rawHeader(rawHeaders, 'host'))?.toLowerCase()
      const found = name === undefined ? undefined : byHost.get(name)
      if (found !== undefined) return found
      if (name === topHost) return atPath(target, pathEnd)
      if (name !== undefined && removed.has(name)) return 'not_found'
      const path = target.slice(0, pathEnd).replace(/\/$/, '')
      return forAnybody.has(path) || target === '*' ? top : 'misdirected_request'
    },
  }
}

/** Of a target in absolute-form its authority counts, not `Host` (RFC 9112 section 3.2.2). */
function partsOf(target: string): [authority: string | undefined, path: string] {
  if (target.startsWith('/') || target === '*') return [undefined, target]
  const [whole, authority = ''] = /^https?:\/\/([^/?#@\\]*)(?=[/?]|$)/i.exec(target) ?? []
  return whole === undefined ? [undefined, target] : [authority, target.slice(whole.length) || '/']
}
