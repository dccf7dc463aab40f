import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { buildPackage } from './package/build-package.ts'

/**
 * `npm run examples`: each example that takes long to install, copied elsewhere, installed with the package as it is
 * published, and driven in a browser. `npm run examples -- next` for one of them.
 */
const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), 'cloakroom-examples-'))
let failed = 0
try {
  await buildPackage(root, join(work, 'built'))
  const pack = ['pack', '--silent', '--offline', '--pack-destination', work]
  const tarball = join(
    work,
    execFileSync('npm', pack, { cwd: join(work, 'built'), encoding: 'utf8' }).trim(),
  )
  for (const file of globSync('test/installed/*.ts', { cwd: root })) {
    const name = basename(file, '.ts')
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const folder = join(work, name)
    cpSync(join(root, 'examples', name), folder, { recursive: true })
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent', tarball], {
      cwd: folder,
    })
    const { status } = spawnSync(
      process.execPath,
      ['--test', '--test-timeout=300000', join(root, file)],
      { cwd: root, stdio: 'inherit', env: { ...process.env, EXAMPLE_FOLDER: folder } },
    )
    console.log(`${status === 0 ? '✔' : '✖'} ${name}`)
    if (status !== 0) failed += 1
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0
