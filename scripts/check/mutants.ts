import type { TabledMutant } from '../mutants/tables.ts'
import { type ConformanceRow, isGone, readRows } from './conformance.ts'
import type { Finding, House } from './house.ts'

const page = 'docs/conformance.md'

/**
 * test/mutants/: each one changes a text that stands once in a file that holds a promise of
 * docs/conformance.md, and names a test that shows it; and each promise has one.
 */
export function checkMutants(house: House, mutants: readonly TabledMutant[]): Finding[] {
  const rows = new Map(readRows(house.get(page) ?? '').map((row) => [row.number, row]))
  const without = [...rows.values()].filter(
    ({ number, files }) =>
      mutants.every(({ row }) => row !== number) && !files.every((file) => isGone(file, house)),
  )
  return [
    ...mutants.flatMap((mutant) =>
      wrongWith(mutant, rows.get(mutant.row), house).map((message) => ({
        file: `test/mutants/${mutant.room}.ts`,
        line: 1,
        message: `has a change for ${mutant.row} ${message}`,
      })),
    ),
    ...twice(mutants),
    ...without.map(({ number, line }) => ({
      file: page,
      line,
      message: `promises ${number}, of which test/mutants/ has no wrong change`,
    })),
  ]
}

function twice(mutants: readonly TabledMutant[]): Finding[] {
  const nameOf = ({ row, file, from, to }: TabledMutant) => [row, file, from, to].join('\n')
  const names = mutants.map(nameOf)
  return mutants
    .filter((mutant, index) => names.indexOf(nameOf(mutant)) !== index)
    .map(({ room, row, from }) => ({
      file: `test/mutants/${room}.ts`,
      line: 1,
      message: `has a change for ${row} twice: ${from}`,
    }))
}

function wrongWith(mutant: TabledMutant, row: ConformanceRow | undefined, house: House): string[] {
  if (!row) return [`which is no row of ${page}`]
  const { file, from, to, test, title } = mutant
  const times = (house.get(file) ?? '').split(from).length - 1
  const isShown = row.tests.some((it) => it.file === test && it.title === title)
  return [
    ...(from === to ? ['that changes nothing'] : []),
    ...(row.files.includes(file) ? [] : [`in ${file}, which does not hold it`]),
    ...(isShown ? [] : [`with the test "${title}" of ${test}, which does not show it`]),
    ...(times === 1 ? [] : [`of a text that stands ${times} times in ${file}: ${from}`]),
  ]
}
