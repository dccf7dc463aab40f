import { isAtOrBelow } from '../config/remote-paths.ts'

/** A request-target cut where its remote's own part begins. Nothing is decoded: the bytes are judged and sent. */
export interface RouteMatch {
  /** `''`, or from its first `/` on. */
  readonly path: string
  /** `''`, or from its `?` on. */
  readonly query: string
}

export interface Route<R> extends RouteMatch {
  readonly remote: R
}

/** Which remote a request-target belongs to: the only place that decides it. */
export interface Routes<R> {
  /** True when a request-target belongs to the proxy, be it well-formed or not. */
  handles(target: string): boolean
  /** The remote whose path is the longest that the target lies at or below, on whole segments. */
  match(target: string): Route<R> | undefined
  /** What stands for a remote's name in a target below the prefix that leads to none. */
  unknownName(target: string): string | undefined
}

/** `prefix`: below it lie the remotes that have no path of their own. */
export function createRoutes<R>(
  remotes: Iterable<readonly [path: string, remote: R]>,
  prefix: string,
): Routes<R> {
  const byPath = new Map(remotes)
  const deepest = Math.max(0, ...[...byPath.keys()].map((path) => path.split('/').length - 1))

  function match(target: string): Route<R> | undefined {
    const pathEnd = endOfPath(target)
    let remote: R | undefined
    let remoteEnd = 0
    for (let depth = 0, end = 0; depth < deepest && end < pathEnd; depth += 1) {
      const slash = target.indexOf('/', end + 1)
      end = slash < 0 || slash > pathEnd ? pathEnd : slash
      const found = byPath.get(target.slice(0, end))
      if (found === undefined) continue
      remote = found
      remoteEnd = end
    }
    if (remote === undefined) return undefined
    return { remote, path: target.slice(remoteEnd, pathEnd), query: target.slice(pathEnd) }
  }

  return {
    match,
    unknownName(target) {
      const path = target.slice(0, endOfPath(target))
      return path.startsWith(`${prefix}/`) ? path.slice(prefix.length).split('/', 2)[1] : undefined
    },
    // Below the prefix lies no page, whatever stands there: a misspelt name is told as such, and a remote that has
    // moved away is no longer there.
    handles: (target) =>
      isAtOrBelow(target.slice(0, endOfPath(target)), prefix) || match(target) !== undefined,
  }
}

function endOfPath(target: string): number {
  const mark = target.indexOf('?')
  return mark < 0 ? target.length : mark
}
