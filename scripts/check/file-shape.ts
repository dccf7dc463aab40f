import { basename } from 'node:path'
import { type Finding, type House, isSource, isTest, lineAt } from './house.ts'

const longest = 300
const vague = /^(types?|utils?|helpers?|common|misc|index)\.tsx?$/
// Biome does not see `todo`, nor a reason to skip among the options of a test.
const skipped = /\b(?:test|it|describe|suite)\.(?:skip|todo|fixme)\b|\bskip:\s*(?:true|['"`])/

/**
 * Length and name of a file, and no test that is left out. biome.json has the rest: kebab-case, no default
 * exports, no test that is alone. It counts a comment or a template of many lines as one.
 */
export function checkFileShape(house: House): Finding[] {
  return [...house].flatMap(([file, text]) => [
    ...checkLength(file, text),
    ...checkName(file),
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
  if (!vague.test(basename(file)) || file === 'lib/index.ts') return []
  return [{ file, line: 1, message: 'has a name that says nothing: name the behaviour' }]
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
