import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const runner = pathToFileURL(join(import.meta.dirname, 'node-tests.ts')).href
const script = `
const { runNodeTests } = await import('${runner}')
const outcome = await runNodeTests([process.argv[2]], import.meta.dirname, { testMs: 500, fileMs: 5000 })
console.log(JSON.stringify(outcome))
`
const ends = `test('ends', () => {})\n`

describe('Q3: tests that hang', () => {
  let root = ''
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'cloakroom-hanging-'))
    writeFileSync(join(root, 'run.ts'), script)
    writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  })
  after(() => rmSync(root, { recursive: true }))

  /** In a process of its own: below a test, Node's runner runs nothing. */
  async function run(tests: string): Promise<string> {
    const file = join(root, 'made-up.test.ts')
    writeFileSync(file, `import { before, describe, test } from 'node:test'\n${tests}`)
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return (await promisify(execFile)(process.execPath, [join(root, 'run.ts'), file], { env }))
      .stdout
  }

  const later = 'new Promise((resolve) => setTimeout(resolve, 1000))'
  const hanging: [title: string, tests: string, says: RegExp][] = [
    [
      'waits',
      `test('of ours', () => ${later})`,
      /✖ of ours\n.*made-up.test.ts:3\n.*timed out after 500ms/,
    ],
    [
      'waits in a group',
      `describe('a', () => { test('b', () => ${later}) })`,
      /✖ b\n.*:3\n.*timed out/,
    ],
    [
      'never gives the thread back',
      `test('spins', async () => { for (;;); })`,
      /did not end in 5 s; the last test that began: spins\n/,
    ],
    [
      'leaves something open',
      `test('opens', () => { setInterval(() => {}, 100) })`,
      /did not end in 5 s; the last test that began: opens\n/,
    ],
  ]
  for (const [title, tests, says] of hanging) {
    test(`Q3: one that ${title} is named, and fails`, async () => {
      const printed = await run(`${ends}${tests}`)
      assert.match(printed, says)
      assert.match(printed, /"passed":\d+,"failed":1,/)
      assert.match(printed, /"failures":\["✖ /)
    })
  }

  test('Q3: one that says that it takes longer may', async () => {
    const printed = await run(`${ends}test('slow', { timeout: 4000 }, () => ${later})`)
    assert.match(printed, /✔ made-up.test.ts {2}2 passed/)
  })
})
