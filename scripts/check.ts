import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkConformance } from './check/conformance.ts'
import { checkDocsInSync } from './check/docs-in-sync.ts'
import { checkFileShape } from './check/file-shape.ts'
import { type Finding, readHouse } from './check/house.ts'
import { checkImportDirection } from './check/import-direction.ts'
import { checkLibPurity } from './check/lib-purity.ts'
import { checkMarkdownLinks } from './check/markdown-links.ts'
import { checkMutants } from './check/mutants.ts'
import { checkPackagePlaces } from './check/package-places.ts'
import { checkPublishedPackage } from './check/published-package.ts'
import { checkStrayFiles, trackedFiles } from './check/stray-files.ts'
import { runTool } from './check/tools.ts'
import { readTables } from './mutants/tables.ts'

/** `npm run check`: format, lint, types, unused code, the package as it is published, and the rules of this house. */
const root = join(import.meta.dirname, '..')

const tools = {
  'format and lint': runTool(root, '@biomejs/biome/bin/biome', ['check', '--error-on-warnings']),
  types: runTool(root, 'typescript/bin/tsc', ['--noEmit', '--pretty', 'false']),
  'unused code': runTool(root, 'knip/bin/knip.js', ['--no-progress']),
  'published package': checkPublishedPackage(root),
}

const house = readHouse(root)
const mutants = await readTables(root)
const rules: Record<string, () => Finding[]> = {
  'import direction': () => checkImportDirection(house),
  packages: () => checkPackagePlaces(house),
  'purity of lib': () => checkLibPurity(house),
  'shape of files': () => checkFileShape(house),
  'stray files': () => checkStrayFiles(trackedFiles(root), house),
  links: () => checkMarkdownLinks(house, (path) => existsSync(join(root, path))),
  conformance: () => checkConformance(house),
  mutants: () => checkMutants(house, mutants),
  'docs in sync': () => checkDocsInSync(root, read),
}

let failed = false
for (const [name, rule] of Object.entries(rules)) {
  const lines = rule().map(({ file, line, message }) => `  ${file}:${line} ${message}`)
  tell(name, lines.length === 0, lines.join('\n'))
}
for (const [name, result] of Object.entries(tools)) {
  const { ok, output } = await result
  tell(name, ok, output)
}
if (failed) process.exitCode = 1

function tell(name: string, ok: boolean, text: string): void {
  failed ||= !ok
  console.log(ok ? `✔ ${name}` : `✖ ${name}\n${text}\n`)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}
