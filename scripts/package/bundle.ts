import { cpSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Of which little is used, and all would be loaded: it is written into the package. */
const included = ['zod']

/**
 * Puts the compiled server files of a package together: one file a door, and what several of them need in files that they
 * share, so that what is one in a process stays one. Four hundred small files take a third longer to load, and more
 * memory. Declarations stay as they are; what browsers load is bundled by whoever uses it.
 */
export async function bundle(root: string, into: string, doors: readonly string[]): Promise<void> {
  const server = doors.filter((door) => !door.startsWith('./client/'))
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(into, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'peerDependencies', Record<string, string>>
  const others = Object.keys({ ...dependencies, ...peerDependencies })
  const made = join(into, '.bundle')
  await build({
    entryPoints: server.map((door) => join(into, door)),
    outdir: made,
    outbase: into,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    chunkNames: 'lib/shared/[name]-[hash]',
    external: others.filter((name) => !included.includes(name)).flatMap((it) => [it, `${it}/*`]),
    sourcemap: true,
    // The folder may lie anywhere.
    nodePaths: [join(root, 'node_modules')],
    logLevel: 'error',
  })
  for (const file of globSync('lib/**/*.{js,js.map}', { cwd: into })) rmSync(join(into, file))
  cpSync(made, into, { recursive: true })
  rmSync(made, { recursive: true })
  for (const name of included) {
    cpSync(join(root, 'node_modules', name, 'LICENSE'), join(into, 'licenses', name))
  }
}
