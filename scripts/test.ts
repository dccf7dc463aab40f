import { globSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { runBrowserTests } from './browser-tests.ts'
import { ensureBuild } from './ensure-build.ts'
import { ensureTools, serverTools } from './ensure-tools.ts'
import { type Outcome, runNodeTests } from './node-tests.ts'

/**
 * `npm test`: everything. `npm test -- unit`: what needs no browser. `npm test -- e2e`: what does.
 * Further words choose files: `npm test -- lib/store`, `npm test -- e2e sign-in`.
 * The last line is the result of the whole run, and the exit code is that of the line.
 */
const root = join(import.meta.dirname, '..')
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
const kind = words.find((word) => word === 'unit' || word === 'e2e')
const patterns = words.filter((word) => word !== kind)
const total = { passed: 0, failed: 0, skipped: 0 } satisfies Outcome
const failures: string[] = []

const nodeFiles = globSync('{app,lib,client,demo,test,scripts,bench}/**/*.test.ts', { cwd: root })
  .filter((file) => chosen(file))
  .sort()
const browserFiles = globSync('{e2e,demo/e2e}/*.spec.ts', { cwd: root }).filter((file) =>
  chosen(file),
)
const withNode = kind !== 'e2e' && nodeFiles.length > 0
const withBrowser = kind !== 'unit' && browserFiles.length > 0

function chosen(file: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))
}

function add(outcome: Outcome): void {
  total.passed += outcome.passed
  total.failed += outcome.failed
  total.skipped += outcome.skipped
  failures.push(...(outcome.failures ?? []))
}

try {
  const servers = withNode ? await ensureTools(serverTools) : {}
  const { chromium } = withBrowser ? await ensureTools(['chromium']) : {}
  // Last on the PATH: the same directory may hold an older Node.
  for (const path of Object.values(servers)) process.env.PATH += delimiter + dirname(path)
  if (withNode || withBrowser) await ensureBuild()
  if (withNode) {
    add(
      await runNodeTests(
        nodeFiles.map((file) => join(root, file)),
        root,
      ),
    )
  }
  if (chromium) add(await runBrowserTests(browserFiles, root, chromium))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  total.failed += 1
}

if (total.passed === 0 && total.failed === 0) {
  console.error('No test was run.')
  process.exitCode = 1
}
if (total.failed > 0) process.exitCode = 1
// Once more where it is looked for: hundreds of lines of other tests may have come after it.
if (failures.length > 0) console.log(`\n${failures.slice(0, 40).join('\n')}\n`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
