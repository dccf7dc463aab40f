import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuild } from '../ensure-build.ts'
import { buildNeed } from './build-need.ts'
import { runTest, type Verdict } from './run-test.ts'
import { createScratchCopy, type ScratchCopy, withoutScratch } from './scratch-copy.ts'
import type { TabledMutant } from './tables.ts'

export interface JudgeOptions {
  /** The tree; nothing in it is changed. */
  root: string
  mutants: readonly TabledMutant[]
  /** How many are tried side by side. */
  atOnce: number
  /** Is told one line for each mutant. */
  tell: (line: string) => void
  /** For one run of one test. @default 120000 */
  limitMs?: number
}

export interface Judgement {
  noticed: number
  unnoticed: number
  /** Neither: the table is wrong, or the test fails of itself. */
  errors: number
}

type Sentence = { kind: 'noticed' } | { kind: 'unnoticed' } | { kind: 'error'; why: string }

/** Tries each mutant: its test passes without the change and fails with it. */
export async function judgeMutants(options: JudgeOptions): Promise<Judgement> {
  const { root, mutants, tell, limitMs = 120_000 } = options
  const judgement: Judgement = { noticed: 0, unnoticed: 0, errors: 0 }
  // One test's mutants one after the other: it is seen to pass once.
  const groups = [...Map.groupBy(mutants, ({ test, title }) => `${test} ${title}`).values()]
  if (groups.some(([first]) => first && buildNeed(root, first.test) !== 'none')) {
    await ensureBuild(root)
  }

  async function work(): Promise<void> {
    if (groups.length === 0) return
    const scratch = createScratchCopy(root)
    const remove = () => scratch.remove()
    process.once('exit', remove)
    try {
      for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
        for await (const [mutant, sentence, ms] of judgeGroup(scratch, group, limitMs)) {
          count(judgement, sentence)
          tell(withoutScratch(line(mutant, sentence, ms), scratch))
        }
      }
    } finally {
      process.off('exit', remove)
      remove()
    }
  }

  await Promise.all(Array.from({ length: options.atOnce }, work))
  return judgement
}

async function* judgeGroup(scratch: ScratchCopy, group: TabledMutant[], limitMs: number) {
  const [first] = group
  if (!first) return
  const need = buildNeed(scratch.root, first.test)
  const run = async (): Promise<Verdict> => {
    if (need === 'fresh') await ensureBuild(scratch.root)
    return runTest({ root: scratch.root, file: first.test, title: first.title, limitMs })
  }
  const right = await run().catch(broken)
  for (const mutant of group) {
    const started = performance.now()
    const undo = right.kind === 'passed' ? scratch.change(mutant) : 0
    let sentence: Sentence
    if (right.kind !== 'passed') sentence = ofRightCode(right)
    else if (typeof undo === 'number') {
      sentence = { kind: 'error', why: `the text stands ${undo} times in ${mutant.file}` }
    } else {
      sentence = ofWrongCode(await run().catch(broken))
      undo()
      // What was built of the wrong code is no build.
      if (need === 'fresh') rmSync(join(scratch.root, '.next/BUILD_ID'), { force: true })
    }
    yield [mutant, sentence, performance.now() - started] as const
  }
}

function broken(error: unknown): Verdict {
  return { kind: 'broken', why: String(error) }
}

function ofRightCode(verdict: Verdict): Sentence {
  if (verdict.kind === 'nothing') return { kind: 'error', why: 'no test has that title' }
  const why = verdict.kind === 'broken' ? `: ${verdict.why}` : ''
  return { kind: 'error', why: `the test fails without the change${why}` }
}

function ofWrongCode(verdict: Verdict): Sentence {
  if (verdict.kind === 'failed') return { kind: 'noticed' }
  if (verdict.kind === 'broken') return { kind: 'error', why: verdict.why }
  if (verdict.kind === 'nothing') return { kind: 'error', why: 'with the change, no test ran' }
  return { kind: 'unnoticed' }
}

function count(judgement: Judgement, { kind }: Sentence): void {
  if (kind === 'error') judgement.errors += 1
  else judgement[kind] += 1
}

function line(mutant: TabledMutant, sentence: Sentence, ms: number): string {
  const { row, room, file, to, title } = mutant
  const signs = { noticed: '✔ noticed    ', unnoticed: '✖ NOT NOTICED', error: '! error      ' }
  const head = `${signs[sentence.kind]} ${row.padEnd(3)} ${room}: ${file} (${(ms / 1000).toFixed(1)} s)`
  if (sentence.kind === 'noticed') return head
  const why = sentence.kind === 'error' ? `\n    ${sentence.why}` : ''
  return `${head}\n    to: ${JSON.stringify(to)}\n    by: "${title}"${why}`
}
