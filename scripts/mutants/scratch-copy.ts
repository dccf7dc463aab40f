import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Mutant } from '../../test/mutants/mutant.ts'

/** A copy of the tree, in which wrong changes harm nobody. */
export interface ScratchCopy {
  readonly root: string
  /** Makes the change. Answers what undoes it, or how often the text stands there when that is not once. */
  change(mutant: Mutant): (() => void) | number
  remove(): void
}

const leftOut = new Set([
  '.git',
  '.data',
  '.vercel',
  '.profiles',
  'dist',
  'node_modules',
  'test-results',
])

export function createScratchCopy(from: string): ScratchCopy {
  const root = mkdtempSync(join(tmpdir(), 'cloakroom-mutant-'))
  // A test that becomes another user reads it too.
  chmodSync(root, 0o755)
  const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }
  for (const name of readdirSync(from)) {
    if (!leftOut.has(name)) cpSync(join(from, name), join(root, name), options)
  }
  // The build is of these very sources, however new their folders are.
  const build = join(root, '.next/BUILD_ID')
  if (existsSync(build)) utimesSync(build, new Date(), new Date())
  linkTree(join(from, 'node_modules'), join(root, 'node_modules'))

  return {
    root,
    change({ file, from: right, to: wrong }) {
      const path = join(root, file)
      const text = readFileSync(path, 'utf8')
      const times = text.split(right).length - 1
      if (times !== 1) return times
      const { atime, mtime } = statSync(path)
      // A function: `$&` in the wrong text means nothing.
      writeFileSync(
        path,
        text.replace(right, () => wrong),
      )
      return () => {
        writeFileSync(path, text)
        utimesSync(path, atime, mtime)
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/**
 * Packages are linked, file by file: a link to the folder would lead out of the copy, which the bundler
 * of the pages does not follow. Between file systems they are copied.
 */
function linkTree(from: string, to: string): void {
  if (!statSync(from, { throwIfNoEntry: false })) return
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, target)
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else link(source, target)
  }
}

function link(source: string, target: string): void {
  try {
    linkSync(source, target)
  } catch {
    copyFileSync(source, target)
  }
}

/** The tree's name in what a test printed, in place of the copy's. */
export function withoutScratch(text: string, { root }: ScratchCopy): string {
  return text
    .replaceAll(`/private${root}`, '.')
    .replaceAll(root, '.')
    .replaceAll(basename(root), '.')
}
