import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Judgement } from './judge.ts'
import { readTables, type TabledMutant } from './tables.ts'

const sum = `export const sum = (a: number, b: number) => a + b
export const none = (list: unknown[]) => list.length === 0
`
const sumTest = `import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { none, sum } from '../lib/sum.ts'
for (const [title, list] of [['a', [1]], ['b', [2]]]) {
  test(\`\${title} is more than none\`, () => assert.ok(!none(list)))
}
describe('sums on the node host', () => {
  test('Z1: of two (and two) are four', () => assert.equal(sum(2, 2), 4))
  test('of nothing', () => assert.equal(sum(0, 0), 0))
})
test('was never right', () => assert.equal(sum(1, 1), 3))
test('waits for the sum', async () => {
  if (sum(2, 2) !== 4) await new Promise((resolve) => setTimeout(resolve, 20_000))
})
`

const judgeFile = pathToFileURL(join(import.meta.dirname, 'judge.ts')).href
const script = `
const { judgeMutants } = await import('${judgeFile}')
const lines = []
const tell = (line) => lines.push(line)
const judgement = await judgeMutants({ ...JSON.parse(process.argv[2]), tell })
console.log(JSON.stringify({ judgement, lines }))
`

describe('Q1: a small made-up house', () => {
  let root = ''
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'cloakroom-house-'))
    write('lib/sum.ts', sum)
    write('test/sum.test.ts', sumTest)
    write('judge.ts', script)
    write('package.json', '{"type":"module"}')
  })
  after(() => rmSync(root, { recursive: true }))

  function write(path: string, text: string): void {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  /** In a process of its own: below a test, Node's runner runs nothing, or what the test was chosen by. */
  async function judgeAll(changes: Partial<TabledMutant>[], limitMs = 20_000) {
    const usual = { room: 'lib', row: 'Z1', file: 'lib/sum.ts', from: 'a + b', to: 'a - b' }
    const shown = { test: 'test/sum.test.ts', title: 'Z1: of two (and two) are four' }
    const mutants = changes.map((change) => ({ ...usual, ...shown, ...change }))
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const options = JSON.stringify({ root, mutants, atOnce: 2, limitMs })
    const args = [join(root, 'judge.ts'), options]
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    assert.equal(readFileSync(join(root, 'lib/sum.ts'), 'utf8'), sum)
    return JSON.parse(stdout) as { judgement: Judgement; lines: string[] }
  }

  async function judge(change: Partial<TabledMutant>, limitMs?: number) {
    const { judgement, lines } = await judgeAll([change], limitMs)
    assert.equal(lines.length, 1)
    return { ...judgement, line: lines.join() }
  }

  const noticed = { noticed: 1, unnoticed: 0, errors: 0 }

  test('Q1: a change that the test notices', async () => {
    const { line, ...judgement } = await judge({})
    assert.deepEqual(judgement, noticed)
    assert.match(line, /^✔ noticed {5}Z1 {2}lib: lib\/sum.ts \(\d+\.\d s\)$/)
  })

  test('Q1: a change that it does not notice', async () => {
    const { line, ...judgement } = await judge({ to: 'a * b' })
    assert.deepEqual(judgement, { noticed: 0, unnoticed: 1, errors: 0 })
    assert.match(line, /^✖ NOT NOTICED Z1 .*\n.*"a \* b"\n.*Z1: of two \(and two\) are four/)
  })

  const found: [title: string, mutant: Partial<TabledMutant>][] = [
    ['a group', { title: 'sums', to: 'a + b + 1' }],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in a source
    ['a title that is made', { title: '${title} is more than none', from: '=== 0', to: '>= 0' }],
    ['a text with signs of replacement', { to: 'a + b + Number("$&".length)' }],
  ]
  for (const [title, mutant] of found) {
    test(`Q1: ${title} is found`, async () => {
      const { line, ...judgement } = await judge(mutant)
      assert.deepEqual(judgement, noticed, line)
    })
  }

  const errors: [title: string, mutant: Partial<TabledMutant>, says: RegExp][] = [
    ['no test has the title', { title: 'Z1: of two' }, /no test has that title/],
    ['the text is not there', { from: 'a / b' }, /stands 0 times/],
    ['the text is there twice', { from: 'export' }, /stands 2 times/],
    ['the test fails of itself', { title: 'was never right' }, /fails without the change/],
    ['the change does not load', { to: 'a +' }, /breaks outside of a test[\s\S]*SyntaxError/],
    ['the change is a name that is not there', { to: 'a + c' }, /ReferenceError: c is not defined/],
  ]
  for (const [title, mutant, says] of errors) {
    test(`Q1: it is an error when ${title}`, async () => {
      const { line, ...judgement } = await judge(mutant)
      assert.deepEqual(judgement, { noticed: 0, unnoticed: 0, errors: 1 }, line)
      assert.match(line, says)
    })
  }

  test('Q1: it is an error when the test hangs', async () => {
    const { line, ...judgement } = await judge({ title: 'waits for the sum' }, 2000)
    assert.deepEqual(judgement, { noticed: 0, unnoticed: 0, errors: 1 }, line)
    assert.match(line, /testTimeoutFailure|took more than 2 s/)
  })

  test('Q1: one change at a time', async () => {
    const { judgement } = await judgeAll([{ to: 'a - b' }, { to: 'b + a' }])
    assert.deepEqual(judgement, { noticed: 1, unnoticed: 1, errors: 0 })
  })

  test('Q1: tables are read by room', async () => {
    const mutant = { row: 'Z1', file: 'lib/sum.ts', from: 'a', to: 'b', test: 't', title: 't' }
    write('test/mutants/lib.ts', `export const mutants = [${JSON.stringify(mutant)}]`)
    write('test/mutants/mutant.ts', 'export interface Mutant {}')
    assert.deepEqual(await readTables(root), [{ ...mutant, room: 'lib' }])
  })
})
