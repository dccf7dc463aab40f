import { join } from 'node:path'
import { run } from 'node:test'

/** What became of one test, or of all tests of one group. */
export type Verdict =
  | { kind: 'passed' }
  /** A test ran, and what it asserts did not hold. */
  | { kind: 'failed' }
  /** No test has that title. */
  | { kind: 'nothing' }
  /** It failed for a reason that is not an assertion: it hung, or the code does not even load. */
  | { kind: 'broken'; why: string }

export interface RunTestOptions {
  /** Of the tree. */
  root: string
  /** Path in the tree. */
  file: string
  /** As it stands in the source, `${…}` included; a test's or a group's. */
  title: string
  limitMs: number
}

interface Failure {
  failureType?: string
  cause?: unknown
}

/** How long a file may go on after a test of it has failed. */
const leavingMs = 10_000

/** Runs the tests with this title, and those of groups with it, in a process of their own. */
export async function runTest({ root, file, title, limitMs }: RunTestOptions): Promise<Verdict> {
  const path = join(root, file)
  const enough = new AbortController()
  const late = AbortSignal.timeout(limitMs)
  const signal = AbortSignal.any([late, enough.signal])
  const reasons: string[] = []
  let ran = 0
  let failed = false
  let printed = ''
  const events = run({
    files: [path],
    cwd: root,
    testNamePatterns: [patternOf(title)],
    timeout: limitMs / 2,
    signal,
  })
  for await (const { type, data } of events) {
    if (type === 'test:stderr') printed += data.message
    if (type !== 'test:pass' && type !== 'test:fail') continue
    // The file counts as a test of its own when it has none, and when it breaks outside of one.
    const isTest = data.name !== path && data.details.type !== 'suite'
    if (isTest) ran += 1
    if (type !== 'test:fail') continue
    const failure = data.details.error as Failure
    if (failure.failureType === 'subtestsFailed') continue
    const reason = reasonOf(failure)
    if (!isTest) reasons.push(`the file breaks outside of a test\n${printed.slice(-1000)}`)
    else if (reason === undefined) {
      failed = true
      // It may put away what it opened; what it left open would keep it for ever.
      setTimeout(() => enough.abort(), leavingMs).unref()
    } else reasons.push(reason)
  }
  if (failed) return { kind: 'failed' }
  if (late.aborted) return { kind: 'broken', why: `took more than ${limitMs / 1000} s` }
  const [why] = reasons
  if (why !== undefined) return { kind: 'broken', why }
  return { kind: ran > 0 ? 'passed' : 'nothing' }
}

/** Why a failure is none of an assertion, or undefined. */
function reasonOf({ failureType, cause }: Failure): string | undefined {
  const inTest = ['testCodeFailure', 'uncaughtException', 'unhandledRejection']
  if (!inTest.includes(failureType ?? '')) return `${failureType}: ${describe(cause)}`
  // A SyntaxError within a test is what was no JSON; code that cannot be read breaks outside of one.
  return cause instanceof ReferenceError ? describe(cause) : undefined
}

function describe(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 500) : String(cause)
}

/** Whole titles only. What `${…}` becomes may be anything, and groups may say on which host they are. */
function patternOf(title: string): RegExp {
  const parts = title
    .split(/\$\{[^}]*\}/)
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}(?: on the \\w+ host)?$`)
}
