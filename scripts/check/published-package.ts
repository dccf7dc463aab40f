import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackage } from '../package/build-package.ts'
import { runTool } from './tools.ts'

/** Whether those who install the package can import it: by the rules of npm, and by those of TypeScript. */
export async function checkPublishedPackage(
  root: string,
): Promise<{ ok: boolean; output: string }> {
  const built = mkdtempSync(join(tmpdir(), 'cloakroom-published-'))
  try {
    await buildPackage(root, built)
    const results = [
      await runTool(root, 'publint/src/cli.js', ['run', built, '--strict']),
      await runTool(root, '@arethetypeswrong/cli/dist/index.js', [
        ...['--pack', built, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'],
      ]),
    ]
    const failed = results.filter(({ ok }) => !ok)
    return { ok: failed.length === 0, output: failed.map(({ output }) => output).join('\n') }
  } catch (cause) {
    return { ok: false, output: String(cause) }
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
}
