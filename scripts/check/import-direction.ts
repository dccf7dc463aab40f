import { type Finding, type House, isDemo, isTest } from './house.ts'
import { type Import, moduleGraph } from './module-graph.ts'

/** Rows of the house, from the ground up. A file imports from rows below its own, and from its own room. */
const rows: readonly (readonly string[])[] = [
  ['http'],
  ['config', 'store', 'telemetry'],
  ['session', 'oidc', 'pages'],
  ['tokens'],
  ['endpoints', 'remote', 'server', 'spa'],
  ['router'],
  ['bff'],
  ['frontends'],
  ['hosts'],
  ['index', 'command'],
]

/** What rooms outside of lib/ may import of ours; a room that is not listed may import everything. */
const narrow: Readonly<Record<string, readonly string[]>> = {
  client: ['client/'],
  'test/stand-ins': ['test/stand-ins/', 'lib/http/'],
}

/**
 * Upwards and sideways. Circles inside a room are Biome's (`noImportCycles`, those of types too; the one kind
 * that it does not see, `import('./a.ts').A` as a type, is not used here).
 */
export function checkImportDirection(house: House): Finding[] {
  return [...moduleGraph(house)].flatMap(([file, imports]) =>
    imports.flatMap((each) => {
      const message = each.path === undefined ? undefined : objection(file, each.path)
      return message === undefined ? [] : [{ file, line: each.line, message: text(each, message) }]
    }),
  )
}

function text(each: Import, message: string): string {
  return `imports ${each.specifier}: ${message}`
}

function objection(file: string, target: string): string | undefined {
  // A test may use what tests share, wherever it lies.
  if (isTest(file) && target.startsWith('test/support/')) return undefined
  if (file.startsWith('lib/')) return libObjection(file, target)
  if (!isDemo(file) && isDemo(target)) return 'the demo can be deleted: nothing may need it'
  const place = Object.keys(narrow).find((folder) => file.startsWith(`${folder}/`))
  const allowed = narrow[place ?? '']
  if (!allowed || isModuleTest(file) || allowed.some((prefix) => target.startsWith(prefix))) {
    return undefined
  }
  return `from here only ${allowed.join(' and ')} may be imported`
}

/** `test/stand-ins/` is what tests share, and narrow all the same; its own tests are not. */
function isModuleTest(file: string): boolean {
  return file.endsWith('.test.ts')
}

function libObjection(file: string, target: string): string | undefined {
  if (!target.startsWith('lib/')) return 'lib/ imports nothing of ours from outside'
  const [own, other] = [room(file), room(target)]
  if (own === other) return undefined
  const [from, to] = [rowOf(own), rowOf(other)]
  if (from < 0) return `lib/${own} has no row in scripts/check/import-direction.ts`
  if (to < 0) return `lib/${other} has no row in scripts/check/import-direction.ts`
  if (from === to) return `${own} and ${other} are neighbours`
  return from < to ? `${own} lies below ${other}` : undefined
}

/** `lib/session/seal.ts` -> `session`, `lib/bff.test.ts` -> `bff` */
function room(path: string): string {
  return path.split('/')[1]?.replace(/(\.test)?\.ts$/, '') ?? ''
}

function rowOf(name: string): number {
  return rows.findIndex((row) => row.includes(name))
}
