import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../terminal.ts'

/** What kind of app a folder holds, as far as it decides what is written. */
export interface AppKind {
  readonly framework: 'next' | 'vite' | 'angular' | 'other'
  readonly ending: 'ts' | 'js'
  /** Of the configuration: Node has to know that it is a module, and Next's bundlers do. */
  readonly configEnding: 'ts' | 'js' | 'mts' | 'mjs'
  /** In a Next app: the folder that holds `app`, `''` or `src/`. */
  readonly source: string
  /** Where the build of a single-page app lands, and where its own server listens in development. */
  readonly spa: { readonly dir: string; readonly devServer?: string }
}

interface Manifest {
  readonly type?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** Looks at a folder, and changes nothing. Throws UsageError when its package.json cannot be read. */
export function appKindOf(folder: string): AppKind {
  const { dependencies, devDependencies, type } = manifestOf(folder)
  const has = (name: string) => Object.hasOwn({ ...dependencies, ...devDependencies }, name)
  const isThere = (path: string) => existsSync(join(folder, path))
  const framework = has('next')
    ? 'next'
    : has('@angular/core')
      ? 'angular'
      : has('vite')
        ? 'vite'
        : 'other'
  const ending = isThere('tsconfig.json') ? 'ts' : 'js'
  const source = isThere('src') && !isThere('app') ? 'src/' : ''
  const isKnownModule = type === 'module' || framework === 'next'
  const configEnding = isKnownModule ? ending : (`m${ending}` as const)
  return { framework, ending, configEnding, source, spa: spaOf(framework, folder) }
}

function spaOf(framework: AppKind['framework'], folder: string): AppKind['spa'] {
  if (framework === 'vite') return { dir: 'dist', devServer: 'http://localhost:5173' }
  if (framework === 'angular') {
    return { dir: `dist/${projectOf(folder)}/browser`, devServer: 'http://localhost:4200' }
  }
  const dir = ['public', 'dist', 'build'].find((name) =>
    existsSync(join(folder, name, 'index.html')),
  )
  return { dir: dir ?? 'public' }
}

/** Angular builds into a folder that is called as its project is. */
function projectOf(folder: string): string {
  const { projects = {} } = readJson(join(folder, 'angular.json')) as { projects?: object }
  return Object.keys(projects)[0] ?? 'app'
}

function manifestOf(folder: string): Manifest {
  return readJson(join(folder, 'package.json')) as Manifest
}

/** `{}` where there is no such file. */
function readJson(file: string): object {
  if (!existsSync(file)) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as object
  } catch {
    throw new UsageError(`${file} is no JSON: put it right first`, 1)
  }
}
