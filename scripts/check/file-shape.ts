import { basename } from 'node:path'
import { type Finding, type House, isSource, isTest, lineAt } from './house.ts'

const longest = 300
const vague = /^(types?|utils?|helpers?|common|misc|index)\.tsx?$/
const skipped = /\b(?:test|it|describe|suite)\.(?:skip|only|todo|fixme)\b|\bskip:\s*(?:true|['"`])/
const named = /^(lib|client|demo|test|bench)\//

/** Length, name and exports of a file; and no test that is left out. */
export function checkFileShape(house: House): Finding[] {
  return [...house].flatMap(([file, text]) => [
    ...checkLength(file, text),
    ...checkName(file),
    ...checkDefaultExport(file, text),
    ...checkSkippedTests(file, text),
  ])
}

function checkLength(file: string, text: string): Finding[] {
  if (!isSource(file) && !file.endsWith('.css')) return []
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const message = `has ${lines} lines, and ${longest} is the most`
  return lines > longest ? [{ file, line: longest, message }] : []
}

function checkName(file: string): Finding[] {
  if (!isSource(file)) return []
  const name = basename(file)
  if (vague.test(name) && file !== 'lib/index.ts') {
    return [{ file, line: 1, message: 'has a name that says nothing: name the behaviour' }]
  }
  if (!/^[a-z0-9.-]+$/.test(name)) {
    return [{ file, line: 1, message: 'is not named in kebab-case' }]
  }
  return []
}

function checkDefaultExport(file: string, text: string): Finding[] {
  if (!isSource(file) || !named.test(file)) return []
  const found = /^export default\b/m.exec(text)
  return found
    ? [{ file, line: lineAt(text, found.index), message: 'has a default export: name it' }]
    : []
}

function checkSkippedTests(file: string, text: string): Finding[] {
  const found = isTest(file) && !file.startsWith('scripts/check/') ? skipped.exec(text) : null
  return found
    ? [
        {
          file,
          line: lineAt(text, found.index),
          message: 'leaves out tests: run them or delete them',
        },
      ]
    : []
}
