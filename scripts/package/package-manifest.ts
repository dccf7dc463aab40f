import { isBuiltin } from 'node:module'
import ts from 'typescript'

type Table = Readonly<Record<string, string>>

/** What is read of the package.json of this repository. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly engines: Table
  readonly exports: Table
  readonly bin?: Table
  readonly dependencies: Table
}

/** Frameworks, of which an adopter has one already or needs none: the oldest version that will do. */
const frameworks: Table = { next: '>=16', react: '>=18' }

/** The package.json that is published. Its doors are those of this repository, compiled. */
export function packageManifest(own: Manifest, { imported }: { imported: ReadonlySet<string> }) {
  const { name, version, description, license, engines } = own
  const used = [...imported].sort()
  const peers = used.filter((it) => it in frameworks)
  const dependencies = used.filter((it) => !(it in frameworks))
  const versionOf = (it: string) => {
    const known = own.dependencies[it]
    if (known === undefined) throw new Error(`${it} is imported and is no dependency`)
    return known
  }
  return {
    name,
    version,
    description,
    keywords: ['bff', 'backend-for-frontend', 'oauth', 'openid-connect', 'session', 'proxy'],
    license,
    type: 'module',
    engines,
    exports: {
      ...mapped(own.exports, (source) => ({
        types: compiled(source, '.d.ts'),
        default: compiled(source, '.js'),
      })),
      './package.json': './package.json',
    },
    imports: { '#lib/*.ts': './lib/*.js' },
    ...(own.bin ? { bin: mapped(own.bin, (source) => compiled(source, '.js').slice(2)) } : {}),
    dependencies: Object.fromEntries(dependencies.map((it) => [it, versionOf(it)])),
    peerDependencies: Object.fromEntries(peers.map((it) => [it, frameworks[it]])),
    peerDependenciesMeta: Object.fromEntries(peers.map((it) => [it, { optional: true }])),
  }
}

/** Names of the packages that compiled files import, their types included. */
export function importedPackages(texts: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const text of texts) {
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (/^[.#]/.test(fileName) || isBuiltin(fileName)) continue
      names.add(
        fileName
          .split('/')
          .slice(0, fileName.startsWith('@') ? 2 : 1)
          .join('/'),
      )
    }
  }
  return names
}

function compiled(source: string, extension: '.js' | '.d.ts'): string {
  return source.replace(/\.tsx?$/, extension)
}

function mapped<To>(table: Table, to: (value: string) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, to(value)]))
}
