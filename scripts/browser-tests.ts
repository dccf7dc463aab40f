import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from './node-tests.ts'

/** Runs Playwright on every host and reads its figures from its JSON report. */
export async function runBrowserTests(
  patterns: string[],
  root: string,
  chromium: string,
): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-e2e-'))
  const report = join(directory, 'report.json')
  const cli = join(root, 'node_modules/playwright/cli.js')
  const args = [cli, 'test', '--config', join(root, 'e2e/playwright.config.ts'), ...patterns]
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: report },
  })
  const [code] = await once(child, 'close')
  try {
    const { stats, errors } = JSON.parse(readFileSync(report, 'utf8')) as {
      stats: { expected: number; unexpected: number; flaky: number; skipped: number }
      errors: unknown[]
    }
    const failed = stats.unexpected + stats.flaky + errors.length
    const passed = stats.expected
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped: stats.skipped }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
