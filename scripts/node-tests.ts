import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { pathToFileURL } from 'node:url'

/** Outcome of a set of tests. */
export interface Outcome {
  passed: number
  failed: number
  skipped: number
  /** What failed, each in a few lines: the run says it once more at its end. */
  failures?: string[]
}

/** How long a test, and a file of tests, may take. A test that needs longer says so with `timeout`. */
export interface TestLimits {
  testMs: number
  fileMs: number
}

const usualLimits: TestLimits = { testMs: 60_000, fileMs: 300_000 }

/** Runs test files, each in a process of its own, and prints a line for each and every failure in full. */
export async function runNodeTests(
  files: string[],
  root: string,
  limits = usualLimits,
): Promise<Outcome> {
  const total: Outcome = { passed: 0, failed: 0, skipped: 0 }
  const failures: string[] = []
  const waiting = [...files]

  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { outcome, failed } = await runFile(file, root, limits)
      total.passed += outcome.passed
      total.failed += outcome.failed
      total.skipped += outcome.skipped
      failures.push(...failed)
    }
  }

  await Promise.all([work(), work()])
  if (failures.length > 0) console.log(`\n${failures.join('\n\n')}\n`)
  return { ...total, failures: failures.filter((it) => it.startsWith('✖')).map(inShort) }
}

async function runFile(file: string, root: string, { testMs, fileMs }: TestLimits) {
  const name = relative(root, file)
  const started = performance.now()
  const failed: string[] = []
  let outcome: Outcome = { passed: 0, failed: 0, skipped: 0 }
  let printed = ''
  // Kills the process of a file that does not come to its end.
  const signal = AbortSignal.timeout(fileMs)
  const begun = noteOfBegunTest()

  const execArgv = ['--import', begun.preload]
  for await (const { type, data } of run({
    files: [file],
    cwd: root,
    timeout: testMs,
    signal,
    execArgv,
  })) {
    if (type === 'test:stderr' || type === 'test:stdout') printed += data.message
    if (type === 'test:fail' && !data.todo) {
      const { error } = data.details
      // A parent fails with its children; they have been noted.
      if (error.failureType === 'subtestsFailed') continue
      const cause = error.cause instanceof Error ? error.cause : error
      failed.push(`✖ ${data.name}\n  ${name}:${data.line ?? 0}\n${indent(describe(cause))}`)
    }
    if (type === 'test:summary' && data.file === undefined) {
      const { passed, failed: bad, cancelled, skipped, todo } = data.counts
      outcome = { passed, failed: bad + cancelled, skipped: skipped + todo }
      if (!data.success && outcome.failed === 0) outcome.failed = 1
    }
  }
  if (signal.aborted) {
    outcome.failed = Math.max(1, outcome.failed)
    const last = `the last test that began: ${begun.read() ?? 'none'}`
    failed.push(`✖ ${name} did not end in ${fileMs / 1000} s; ${last}`)
  }
  begun.remove()
  if (outcome.failed > 0 && printed) {
    failed.push(`Output of ${name}\n${indent(printed.slice(-4000))}`)
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const tail = outcome.failed > 0 ? `, ${outcome.failed} failed` : ''
  const sign = outcome.failed > 0 ? '✖' : '✔'
  console.log(`${sign} ${name}  ${outcome.passed} passed${tail}  ${seconds} s`)
  return { outcome, failed }
}

/** Where the process of a file writes which test has begun, for the case that it can say nothing any more. */
function noteOfBegunTest() {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-begun-'))
  const note = join(directory, 'test')
  const preload = pathToFileURL(join(import.meta.dirname, 'note-begun-test.ts'))
  preload.searchParams.set('into', note)
  return {
    preload: preload.href,
    read(): string | undefined {
      try {
        return readFileSync(note, 'utf8')
      } catch {
        return undefined
      }
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}

function describe(error: Error): string {
  return (error.stack ?? String(error)).slice(0, 4000)
}

function inShort(failure: string): string {
  return failure.split('\n').slice(0, 4).join('\n')
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
