/** Below this path every remote API has its own, under its name. */
export const remoteRoot = '/api/remote'

const root = `${remoteRoot}/`

/** True when a request-target belongs to the proxy, be it well-formed or not. */
export function isRemoteTarget(target: string): boolean {
  return target.startsWith(root) || target === remoteRoot || target.startsWith(`${remoteRoot}?`)
}

/** Where a request-target's parts begin: its remote's name, and the path and query behind it. */
export interface RouteMatch {
  readonly name: string
  /** `''`, or from its first `/` on. */
  readonly path: string
  /** `''`, or from its `?` on. */
  readonly query: string
}

/** Cuts `/api/remote/<name><path><query>`. Nothing is decoded: the bytes are what is judged and sent. */
export function matchRoute(target: string): RouteMatch | undefined {
  if (!target.startsWith(root)) return undefined
  const mark = target.indexOf('?', root.length)
  const pathEnd = mark < 0 ? target.length : mark
  const slash = target.indexOf('/', root.length)
  const nameEnd = slash < 0 || slash > pathEnd ? pathEnd : slash
  return {
    name: target.slice(root.length, nameEnd),
    path: target.slice(nameEnd, pathEnd),
    query: target.slice(pathEnd),
  }
}
