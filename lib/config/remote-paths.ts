import type { Report } from './report.ts'

/** Below this path lies every remote API that has no path of its own, under its name. */
export const remotePrefix = '/api/remote'

/** Where a remote lies for the browser; `root`: of a frontend that lives at a path. */
export function publicPathOf(name: string, path: string | undefined, root = ''): string {
  return root + (path ?? `${remotePrefix}/${name}`)
}

export function isAtOrBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/')
}

interface Place {
  readonly name: string
  readonly path: string
  /** Origin and path prefix. */
  readonly target: string
}

export interface RemotePathsContext {
  readonly publicOrigin: string
  readonly remotePrefix: string
  /** Our own paths but those of remotes. */
  readonly paths: readonly string[]
  readonly protectedPages: readonly string[]
  readonly report: Report
}

/**
 * Sees that each remote has its place to itself. One inside another is fine, for the longer path wins; what would
 * have two meanings is refused.
 */
export function checkRemotePaths(remotes: readonly Place[], context: RemotePathsContext): void {
  const { publicOrigin, report } = context
  for (const [index, { name, path, target }] of remotes.entries()) {
    const problem = problemOf(path, context) ?? twinOf(remotes.slice(0, index), path)
    if (problem !== undefined) {
      report.problem(`remotes.${name}.path`, problem, `use a path of its own, such as /${name}`)
    }
    const own = [context.remotePrefix, ...remotes.map((it) => it.path)]
    if (own.some((it) => isAtOrBelow(target, publicOrigin + it))) {
      report.problem(`remotes.${name}.target`, 'is this proxy itself', "give the API's own address")
    }
  }
}

function problemOf(
  path: string,
  { paths, protectedPages, remotePrefix: prefix }: RemotePathsContext,
): string | undefined {
  if (path + remotePrefix === prefix) return 'is the whole of the origin'
  if (path === prefix) return 'is where remotes without a path lie'
  const taken = ['/_next', ...paths].find((it) => isAtOrBelow(path, it) || isAtOrBelow(it, path))
  if (taken !== undefined) return `meets ${taken}, which is Cloakroom's or Next's`
  const page = protectedPages.find((it) => isAtOrBelow(it, path))
  if (page !== undefined) return `is where ${page} of spa.protectedPages lies`
  return undefined
}

function twinOf(others: readonly Place[], path: string): string | undefined {
  const twin = others.find((it) => it.path === path)
  return twin && `is that of remotes.${twin.name}`
}
