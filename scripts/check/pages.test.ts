import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { generatedFiles } from '../docs/generated-files.ts'
import { checkConformance } from './conformance.ts'
import { checkDocsInSync } from './docs-in-sync.ts'
import type { Finding, House } from './house.ts'
import { checkMarkdownLinks } from './markdown-links.ts'

const houseOf = (files: Record<string, string>): House => new Map(Object.entries(files))
const lines = (findings: Finding[]) =>
  findings.map(({ file, line, message }) => `${file}:${line} ${message}`)

describe('links', () => {
  const check = (text: string) =>
    lines(
      checkMarkdownLinks(
        houseOf({ 'docs/a.md': text, 'docs/b.md': '# One `two` three\n', 'README.md': '' }),
        (path) => path === 'lib/store',
      ),
    )

  test('refuses a file and a heading that are not there', () => {
    assert.deepEqual(check('one\n[c](c.md)'), ['docs/a.md:2 links to c.md: there is no docs/c.md'])
    assert.deepEqual(check('[c](b.md#four)'), [
      'docs/a.md:1 links to b.md#four: docs/b.md has no such heading',
    ])
    assert.equal(check('![picture](x.png) and [own](#nothing)').length, 2)
  })

  test('allows what is there, other sites, and samples of code', () => {
    const text =
      '[b](b.md#one-two-three) [r](../README.md) [s](../lib/store) [w](https://w.example)'
    assert.deepEqual(check(text), [])
    assert.deepEqual(check('`[c](c.md)`\n```md\n[c](c.md)\n```\n'), [])
  })
})

describe('conformance', () => {
  const tests = "test('L1: signs in', f)\ntest('keeps\\'em', f)"
  const row = (number: string, held = '`lib/a.ts`', shown = '`test/a.test.ts` "L1: signs in"') =>
    `| ${number} | text | ${held} | ${shown} |`
  const check = (...rows: string[]) =>
    lines(
      checkConformance(
        houseOf({
          'docs/conformance.md': [
            '| no. | what | held | shown |',
            '| - | - | - | - |',
            ...rows,
          ].join('\n'),
          'lib/a.ts': '',
          'test/a.test.ts': tests,
        }),
      ),
    ).map((line) => line.replace('docs/conformance.md:', ''))

  test('allows rows whose files and titles exist', () => {
    assert.deepEqual(check(row('L1'), row('L2', undefined, '`test/a.test.ts` "keeps\'em"')), [])
  })

  test('refuses what is not there, repetitions, and numbers that only tests know', () => {
    assert.deepEqual(check(row('L1', '`lib/b.ts`')), ['3 names lib/b.ts, which is not there'])
    assert.deepEqual(check(row('L1', 'nothing')), ['3 names no file that holds L1'])
    assert.deepEqual(check(row('L1', undefined, 'soon')), ['3 names no test that shows L1'])
    assert.deepEqual(check(row('L1', undefined, '`test/b.test.ts` "x"')), [
      '3 names test/b.test.ts, which is not there',
    ])
    assert.deepEqual(check(row('L1', undefined, '`test/a.test.ts` "signs"')), [
      '3 names "signs", which is no title in test/a.test.ts',
    ])
    assert.deepEqual(check(row('L1'), row('L1')), ['4 has L1 twice'])
    assert.deepEqual(check(row('S1')), ['1 lacks L1, of which a test in test/a.test.ts speaks'])
  })

  test('is silent without a page', () => {
    assert.deepEqual(checkConformance(houseOf({ 'test/a.test.ts': tests })), [])
  })
})

describe('docs in sync', () => {
  const root = join(import.meta.dirname, '../..')
  const made = new Map(generatedFiles(root).map(({ path, text }) => [path, text]))

  test('allows files as they are made, and refuses a line that was changed by hand', () => {
    assert.deepEqual(
      checkDocsInSync(root, (path) => made.get(path)),
      [],
    )
    const changed = (path: string) => made.get(path)?.replace('BFF_SECRET', 'BFF_SEKRET')
    assert.deepEqual(
      checkDocsInSync(root, changed).map(({ file }) => file),
      [...made].filter(([, text]) => text.includes('BFF_SECRET')).map(([path]) => path),
    )
    assert.match(checkDocsInSync(root, changed)[0]?.message ?? '', /npm run docs/)
  })

  test('refuses a file that is missing', () => {
    assert.equal(checkDocsInSync(root, () => undefined).length, made.size)
  })
})
