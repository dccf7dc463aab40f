import { type Finding, type House, isTest } from './house.ts'

const page = 'docs/conformance.md'
const row = /^\|\s*([A-Z]\d+)\s*\|/
const shown = /`([^`]+\.(?:test|spec)\.ts)`\s*"([^"]+)"/g

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
  for (const [index, line] of text.split('\n').entries()) {
    const number = row.exec(line)?.[1]
    if (number === undefined) continue
    const report = (message: string) => findings.push({ file: page, line: index + 1, message })
    if (numbers.includes(number)) report(`has ${number} twice`)
    numbers.push(number)
    for (const message of checkRow(number, line, house)) report(message)
  }
  const missing = unlisted(numbers, house)
  return [...findings, ...missing.map((message) => ({ file: page, line: 1, message }))]
}

function checkRow(number: string, line: string, house: House): string[] {
  // A bar inside of a cell is escaped.
  const cells = line.split(/(?<!\\)\|/).slice(1, -1)
  if (cells.length !== 4) return [`has ${cells.length} cells for ${number} in place of 4`]
  const [, , held = '', tests = ''] = cells
  const files = [...held.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)
  const titles = [...tests.matchAll(shown)].map(([, file = '', title = '']) => ({ file, title }))
  return [
    ...(files.length === 0 ? [`names no file that holds ${number}`] : []),
    ...files.filter((file) => !house.has(file)).map((file) => `names ${file}, which is not there`),
    ...(titles.length === 0 ? [`names no test that shows ${number}`] : []),
    ...titles.flatMap(({ file, title }) => {
      const source = house.get(file)
      if (source === undefined) return [`names ${file}, which is not there`]
      return hasTitle(source, title) ? [] : [`names "${title}", which is no title in ${file}`]
    }),
  ]
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
