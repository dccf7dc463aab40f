import { type Finding, type House, isDemo, isTest } from './house.ts'

const page = 'docs/conformance.md'
const row = /^\|\s*([A-Z]\d+)\s*\|/
const shown = /`([^`]+\.(?:test|spec)\.ts)`\s*"([^"]+)"/g

/** One promise: its number, the files that hold it, the tests that show it. */
export interface ConformanceRow {
  readonly number: string
  /** From 1. */
  readonly line: number
  readonly cells: number
  readonly files: readonly string[]
  readonly tests: readonly { readonly file: string; readonly title: string }[]
}

export function readRows(text: string): ConformanceRow[] {
  return text.split('\n').flatMap((line, index) => {
    const number = row.exec(line)?.[1]
    if (number === undefined) return []
    // A bar inside of a cell is escaped.
    const cells = line.split(/(?<!\\)\|/).slice(1, -1)
    const [, , held = '', tests = ''] = cells
    const files = [...held.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)
    const titles = [...tests.matchAll(shown)].map(([, file = '', title = '']) => ({ file, title }))
    return [{ number, line: index + 1, cells: cells.length, files, tests: titles }]
  })
}

/**
 * docs/conformance.md: `| L1 | the requirement | files in backticks | tests as \`file\` "title" |`.
 * Every file and every title exists, no number is there twice, and every number that a test title begins
 * with is in the table. Silent while there is no such page.
 */
export function checkConformance(house: House): Finding[] {
  const text = house.get(page)
  if (text === undefined) return []
  const findings: Finding[] = []
  const numbers: string[] = []
  for (const row of readRows(text)) {
    const report = (message: string) => findings.push({ file: page, line: row.line, message })
    if (numbers.includes(row.number)) report(`has ${row.number} twice`)
    numbers.push(row.number)
    for (const message of checkRow(row, house)) report(message)
  }
  const missing = unlisted(numbers, house)
  return [...findings, ...missing.map((message) => ({ file: page, line: 1, message }))]
}

function checkRow({ number, cells, files, tests }: ConformanceRow, house: House): string[] {
  if (cells !== 4) return [`has ${cells} cells for ${number} in place of 4`]
  return [
    ...(files.length === 0 ? [`names no file that holds ${number}`] : []),
    ...files
      .filter((file) => !house.has(file) && !isGone(file, house))
      .map((file) => `names ${file}, which is not there`),
    ...(tests.length === 0 ? [`names no test that shows ${number}`] : []),
    ...tests.flatMap(({ file, title }) => {
      const source = house.get(file)
      if (isGone(file, house)) return []
      if (source === undefined) return [`names ${file}, which is not there`]
      return hasTitle(source, title) ? [] : [`names "${title}", which is no title in ${file}`]
    }),
  ]
}

/** A promise of the demo, where it was deleted. */
export function isGone(file: string, house: House): boolean {
  return isDemo(file) && ![...house.keys()].some(isDemo)
}

function hasTitle(source: string, title: string): boolean {
  const plain = source.replace(/\\(['"`])/g, '$1')
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => plain.includes(quoted))
}

function unlisted(numbers: readonly string[], house: House): string[] {
  const named = new Map<string, string>()
  for (const [file, text] of house) {
    if (!isTest(file) || file.startsWith('scripts/')) continue
    for (const [, list = ''] of text.matchAll(
      /\b(?:test|describe)\(\s*['"`]([A-Z]\d+(?:, [A-Z]\d+)*):/g,
    )) {
      for (const number of list.split(', ')) named.set(number, file)
    }
  }
  return [...named]
    .filter(([number]) => !numbers.includes(number))
    .map(([number, file]) => `lacks ${number}, of which a test in ${file} speaks`)
}
