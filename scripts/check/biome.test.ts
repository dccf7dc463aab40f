import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { runTool } from './tools.ts'

const root = join(import.meta.dirname, '../..')

/** What Biome finds, by `biome.json`, in files of a house that holds nothing else. */
async function found(files: Record<string, string>): Promise<string[]> {
  const house = mkdtempSync(join(tmpdir(), 'cloakroom-biome-'))
  for (const name of ['biome.json', 'package.json', 'tsconfig.json', '.gitignore']) {
    copyFileSync(join(root, name), join(house, name))
  }
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, file)), { recursive: true })
    writeFileSync(join(house, file), text)
  }
  const { output } = await runTool(house, '@biomejs/biome/bin/biome', ['lint', '--reporter=github'])
  rmSync(house, { recursive: true })
  const findings = output.matchAll(
    /title=lint\/\w+\/(\w+),file=[^,]*?cloakroom-biome-\w+\/([^,]+)/g,
  )
  return [...findings].map(([, rule, file]) => `${file} ${rule}`).sort()
}

describe('biome.json: what is asked beyond what Biome recommends', () => {
  test('refuses circles of types too, camelCase, default exports, and a test that is alone', async () => {
    const findings = await found({
      'lib/a.ts': "import type { B } from '#lib/b.ts'\n\nexport type A = B\n",
      'lib/b.ts': "import type { A } from './a.ts'\n\nexport type B = A[]\n",
      'lib/http/returnUrl.ts': 'export const c = 1\n',
      'demo/d.ts': 'export default 1\n',
      'e2e/e.spec.ts': "test.only('e', () => {})\n",
    })
    assert.deepEqual(findings, [
      'demo/d.ts noDefaultExport',
      'e2e/e.spec.ts noFocusedTests',
      'lib/a.ts noImportCycles',
      'lib/b.ts noImportCycles',
      'lib/http/returnUrl.ts useFilenamingConvention',
    ])
  })

  test('allows what Next asks for, and types of a package', async () => {
    const findings = await found({
      'app/bff/[...path]/route.ts': 'export const GET = 1\n',
      'app/page.tsx': 'export default function Page() {}\n',
      'demo/package.d.ts': 'export default function f(): void\n',
    })
    assert.deepEqual(findings, [])
  })
})
