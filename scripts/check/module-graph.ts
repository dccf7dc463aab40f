import { posix } from 'node:path'
import ts from 'typescript'
import { type House, isSource, lineAt } from './house.ts'

/** One import, `export … from` or `import()`, of values or of types. */
export interface Import {
  readonly line: number
  readonly specifier: string
  /** Path in the project, or undefined for a package. */
  readonly path: string | undefined
  /** Name of the package (`@scope/name`, `node:sqlite`), or undefined for a file of ours. */
  readonly package: string | undefined
}

export type ModuleGraph = ReadonlyMap<string, readonly Import[]>

const known = new WeakMap<House, ModuleGraph>()

/** Every source of the house with what it imports. Read once for all rules. */
export function moduleGraph(house: House): ModuleGraph {
  const graph = known.get(house) ?? readGraph(house)
  known.set(house, graph)
  return graph
}

function readGraph(house: House): ModuleGraph {
  const graph = new Map<string, Import[]>()
  for (const [path, text] of house) {
    if (!isSource(path)) continue
    const { importedFiles } = ts.preProcessFile(text, true, true)
    const imports = importedFiles.map(({ fileName, pos }) => ({
      line: lineAt(text, pos),
      specifier: fileName,
      path: ownPath(fileName, path),
      package: packageName(fileName),
    }))
    graph.set(path, imports)
  }
  return graph
}

/** As the `imports` of package.json say. */
function ownPath(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  if (specifier === '#config') return 'bff.config.ts'
  if (specifier.startsWith('#')) return specifier.slice(1)
  return undefined
}

function packageName(specifier: string): string | undefined {
  if (/^[.#]/.test(specifier)) return undefined
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
