import { relative } from 'node:path'
import { run } from 'node:test'

/** Outcome of a set of tests. */
export interface Outcome {
  passed: number
  failed: number
  skipped: number
}

/** Runs test files, each in a process of its own, and prints a line for each and every failure in full. */
export async function runNodeTests(files: string[], root: string): Promise<Outcome> {
  const noise = new Map<string, string>()
  const failures: string[] = []
  let outcome: Outcome = { passed: 0, failed: 0, skipped: 0 }
  const stream = run({ files, concurrency: 2, timeout: 600_000, cwd: root })

  for await (const { type, data } of stream) {
    if (type === 'test:stderr' || type === 'test:stdout') {
      noise.set(data.file, (noise.get(data.file) ?? '') + data.message)
    }
    if (type === 'test:fail' && !data.todo) {
      const { error } = data.details
      const cause = error.cause instanceof Error ? error.cause : error
      // A parent fails with its children; they have been printed.
      if (error.failureType === 'subtestsFailed') continue
      const place = `${relative(root, data.file ?? '')}:${data.line ?? 0}`
      // Named after its file: it could not be loaded, or it broke outside of a test.
      const whole = data.name === data.file
      const text = whole ? (noise.get(data.file ?? '') ?? '').slice(-4000) : describe(cause)
      failures.push(`✖ ${data.name}\n  ${place}\n${indent(text)}`)
    }
    if (type === 'test:summary') {
      const { passed, failed, cancelled, skipped, todo } = data.counts
      if (data.file === undefined) {
        outcome = { passed, failed: failed + cancelled, skipped: skipped + todo }
        if (!data.success && outcome.failed === 0) outcome.failed = 1
      } else {
        const bad = failed + cancelled
        const mark = bad > 0 ? '✖' : '✔'
        const seconds = (data.duration_ms / 1000).toFixed(1)
        const tail = bad > 0 ? `, ${bad} failed` : ''
        console.log(`${mark} ${relative(root, data.file)}  ${passed} passed${tail}  ${seconds} s`)
        const printed = noise.get(data.file)
        if (bad > 0 && printed) console.log(indent(printed.slice(-4000)))
      }
    }
  }
  if (failures.length > 0) console.log(`\n${failures.join('\n\n')}\n`)
  return outcome
}

function describe(error: Error): string {
  return (error.stack ?? String(error)).slice(0, 4000)
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
