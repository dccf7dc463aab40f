import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Mutant } from '../../test/mutants/mutant.ts'

/** A mutant and the table, `test/mutants/<room>.ts`, that it stands in. The demo has its own. */
export interface TabledMutant extends Mutant {
  readonly room: string
}

/** Every mutant of the tree at `root`, in the order of rooms and tables. */
export async function readTables(root: string): Promise<TabledMutant[]> {
  const files = globSync('{test/mutants/*,demo/mutants}.ts', { cwd: root })
    .filter((file) => basename(file) !== 'mutant.ts' && !file.endsWith('.test.ts'))
    .sort()
  const tables = files.map(async (file) => {
    const { mutants } = (await import(pathToFileURL(join(root, file)).href)) as {
      mutants: readonly Mutant[]
    }
    return mutants.map((mutant) => ({ ...mutant, room: roomOf(file) }))
  })
  return (await Promise.all(tables)).flat()
}

function roomOf(file: string): string {
  return file.startsWith('demo/') ? 'demo' : basename(file, '.ts')
}
