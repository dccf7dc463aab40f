import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureTools, serverTools } from './ensure-tools.ts'
import { chooseMutants, drawSample, today } from './mutants/choose.ts'
import { judgeMutants } from './mutants/judge.ts'
import { readTables } from './mutants/tables.ts'

/**
 * `npm run mutants`: makes each small wrong change of test/mutants/ in a copy of the tree, and sees whether
 * the test that it names notices. Words choose: rooms (`remote`), rows (`P18`), or nothing for all.
 * `--sample 6` draws six, other ones each day; `--seed` or `MUTANTS_SEED` repeats a day's.
 */
const root = join(import.meta.dirname, '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string' } },
})

const { unknown, mutants: chosen } = chooseMutants(await readTables(root), positionals)
for (const word of unknown) console.error(`There is no room and no row ${word}.`)
const seed = values.seed ?? process.env.MUTANTS_SEED ?? today()
const mutants = values.sample ? drawSample(chosen, Number(values.sample), seed) : chosen
if (values.sample) console.log(`A sample of ${mutants.length}: MUTANTS_SEED=${seed}`)

const servers = await ensureTools(serverTools)
for (const path of Object.values(servers)) process.env.PATH += delimiter + dirname(path)

const atOnce = Math.min(2, availableParallelism())
const { noticed, unnoticed, errors } = await judgeMutants({
  root,
  mutants,
  atOnce,
  tell: console.log,
})
console.log(
  `${noticed} noticed, ${unnoticed} not noticed${errors > 0 ? `, ${errors} in error` : ''}`,
)
if (unknown.length > 0 || noticed === 0 || unnoticed + errors > 0) process.exitCode = 1
