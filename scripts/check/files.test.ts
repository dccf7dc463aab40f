import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkFileShape } from './file-shape.ts'
import type { Finding, House } from './house.ts'
import { checkLibPurity } from './lib-purity.ts'
import { checkStrayFiles } from './stray-files.ts'

const houseOf = (files: Record<string, string>): House => new Map(Object.entries(files))
const lines = (findings: Finding[]) =>
  findings.map(({ file, line, message }) => `${file}:${line} ${message}`)

describe('purity of lib', () => {
  const refused: [title: string, source: string, says: RegExp][] = [
    [
      'process.env',
      'function port() {\n  return process.env.PORT\n}',
      /^lib\/a.ts:2 reads process.env/,
    ],
    ['globalThis.process.env', 'f(globalThis.process.env)', /reads process.env/],
    ["process['env']", "const a = process['env']", /reads process.env/],
    ['const { env } = process', 'const { env } = process', /reads process.env/],
    ['an import of it', "import { env } from 'node:process'", /reads process.env/],
    ['let', 'const a = 1\nlet cached: string | undefined', /:2 keeps state/],
    ['an empty map', 'export const cache = new Map<string, string>()', /keeps state/],
    ['an empty weak map', 'const seen = new WeakMap()', /keeps state/],
  ]
  for (const [title, source, says] of refused) {
    test(`refuses ${title}`, () => {
      const [finding, ...rest] = lines(checkLibPurity(houseOf({ 'lib/a.ts': source })))
      assert.match(finding ?? '', says)
      assert.deepEqual(rest, [])
    })
  }

  test('allows constants, tables, process.pid, and the environment in its own file', () => {
    const house = houseOf({
      'lib/config/env.ts': 'export const read = () => process.env',
      'lib/a.ts':
        "// process.env is read elsewhere\nconst a = new Set(['b'])\nconst { pid } = f(process.pid)",
      'lib/b.ts': 'export function createB() {\n  let count = 0\n  return new Map()\n}',
      'lib/b.test.ts': 'let recorded = process.env.HOME',
      'scripts/c.ts': 'const { env } = process',
    })
    assert.deepEqual(checkLibPurity(house), [])
  })
})

describe('shape of files', () => {
  const refused: [title: string, file: string, text: string, says: RegExp][] = [
    ['301 lines', 'lib/a.ts', 'a()\n'.repeat(301), /:300 has 301 lines/],
    ['301 lines of style', 'app/a.css', 'a {}\n'.repeat(301), /has 301 lines/],
    ['utils.ts', 'lib/http/utils.ts', '', /says nothing/],
    ['types.ts', 'client/types.ts', '', /says nothing/],
    ['another index.ts', 'lib/http/index.ts', '', /says nothing/],
    ['a skipped test', 'test/a.test.ts', "\ntest.skip('a', () => {})", /:2 leaves out tests/],
    ['a test for later', 'e2e/a.spec.ts', "test.todo('a')", /leaves out tests/],
    ['a reason to skip', 'test/a.test.ts', "test('a', { skip: 'slow' }, f)", /leaves out tests/],
  ]
  for (const [title, file, text, says] of refused) {
    test(`refuses ${title}`, () => {
      const [finding, ...rest] = lines(checkFileShape(houseOf({ [file]: text })))
      assert.match(finding ?? '', says)
      assert.deepEqual(rest, [])
    })
  }

  test('allows 300 lines, the one index, and what Next asks for', () => {
    const house = houseOf({
      'lib/a.ts': 'a()\n'.repeat(300),
      'lib/index.ts': "export { b } from './b.ts'",
      'app/bff/[...path]/route.ts': 'export const GET = 1',
      'app/page.tsx': 'export default function Page() {}',
      'next.config.ts': 'export default {}',
    })
    assert.deepEqual(checkFileShape(house), [])
  })
})

describe('stray files', () => {
  const house = houseOf({ 'README.md': '![The demo](docs/shown.png)', 'docs/a.md': '(figure.svg)' })

  const refused: [title: string, file: string, says: RegExp][] = [
    [
      "a profiler's log",
      'isolate-0x1-1-v8.log',
      /^isolate-0x1-1-v8.log:1 does not belong at the root/,
    ],
    ['a script of the shell', 'try.sh', /does not belong at the root/],
    ['a patch', 'fix.patch', /does not belong at the root/],
    ['a dump of a store', 'sessions.db', /does not belong at the root/],
    ['a file without a kind', 'out', /does not belong at the root/],
    ['a picture of a test', 'docs/unseen.png', /^docs\/unseen.png:1 is shown on no page/],
    ['a drawing', 'docs/old/unseen.svg', /is shown on no page/],
  ]
  for (const [title, file, says] of refused) {
    test(`refuses ${title}`, () => {
      const [finding, ...rest] = lines(checkStrayFiles(['README.md', file], house))
      assert.match(finding ?? '', says)
      assert.deepEqual(rest, [])
    })
  }

  test('allows what a project has at its root, pictures that are shown, and folders', () => {
    const files = [
      'README.md',
      'LICENSE',
      '.gitignore',
      '.env.example',
      'package.json',
      'server.ts',
    ]
    const deeper = ['docs/shown.png', 'docs/figure.svg', 'lib/a.bin', 'bench/result.log']
    assert.deepEqual(checkStrayFiles([...files, ...deeper], house), [])
  })
})
