import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { buildPackage } from '../../scripts/package/build-package.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** A folder of somebody who has installed the package, and nothing else. */
export interface PackedPackage {
  readonly folder: string
  /** `node_modules/cloakroom` */
  readonly installed: string
  /** Names of the files that are published. */
  readonly files: readonly string[]
  /** Runs a program that stands in the folder, with the Node of the tests. Rejects when it fails. */
  node(args: string[], env?: Record<string, string>): Promise<string>
  write(file: string, text: string): void
  remove(): void
}

/**
 * Builds and packs the package, and unpacks what would be published as an installation does, beside links to
 * its dependencies and to `others`. Asks no registry.
 */
export async function packPackage({ others }: { others: string[] }): Promise<PackedPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-packed-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'cloakroom')
  const built = join(folder, 'built')
  await buildPackage(root, built)
  const pack = ['pack', '--json', '--offline', '--pack-destination', folder]
  const { stdout } = await run('npm', pack, { cwd: built })
  const [{ filename, files }] = JSON.parse(stdout)
  mkdirSync(installed, { recursive: true })
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', installed])
  // What it was made of is out of reach now.
  rmSync(built, { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), ...others]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')

  return {
    folder,
    installed,
    files: files.map(({ path }: { path: string }) => path),
    async node(args, more = {}) {
      const env = { PATH: process.env.PATH, NODE_ENV: 'production', ...more } as const
      return (await run(process.execPath, args, { cwd: folder, env })).stdout
    },
    write: (file, text) => writeFileSync(join(folder, file), text),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
