import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runTool } from '../check/tools.ts'
import { bundle } from './bundle.ts'
import { importedPackages, type Manifest, packageManifest } from './package-manifest.ts'
import { packagePages } from './package-pages.ts'

/**
 * Writes the package `cloakroom` into an empty folder: the sources compiled, since Node strips no types below
 * `node_modules`, and the pages that its users need. Throws when the sources do not compile.
 */
export async function buildPackage(root: string, into: string): Promise<void> {
  rmSync(into, { recursive: true, force: true })
  mkdirSync(into, { recursive: true })
  const compiler = ['-p', 'tsconfig.package.json', '--pretty', 'false', '--outDir', into]
  const { ok, output } = await runTool(root, 'typescript/bin/tsc', compiler)
  if (!ok) throw new Error(`the package does not compile:\n${output}`)

  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(into, path)), { recursive: true })
    writeFileSync(join(into, path), text)
  }
  const own = JSON.parse(read('package.json')) as Manifest
  const compiled = globSync('**/*.{js,d.ts}', { cwd: into }).map((path) =>
    readFileSync(join(into, path), 'utf8'),
  )
  const manifest = packageManifest(own, {
    imported: importedPackages(compiled),
  })
  write('package.json', `${JSON.stringify(manifest, undefined, 2)}\n`)
  const doors = Object.values({ ...own.exports, ...own.bin })
  await bundle(
    root,
    into,
    doors.map((door) => door.replace(/\.tsx?$/, '.js')),
  )
  for (const file of ['LICENSE', 'CHANGELOG.md']) copyFileSync(join(root, file), join(into, file))
  for (const [path, text] of packagePages(read)) write(path, text)
}
