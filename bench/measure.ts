import type { ChildProcess } from 'node:child_process'
import type { LoadOrder } from './load.ts'
import { cpuOf, runLoad } from './processes.ts'
import { browserRequest, type Place } from './request.ts'
import { runWrk } from './wrk.ts'

export interface Subject extends Place {
  readonly name: string
  /** Undefined for a server that somebody else started. */
  readonly process?: ChildProcess
  readonly runs: Run[]
  /** The baseline's runs, each beside the subject's of the same place, where there is a baseline. */
  readonly beside?: Run[]
}

export interface Run {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time for each request. */
  readonly cpu: number | undefined
}

export interface MeasureOptions {
  readonly load: ChildProcess
  readonly connections: number
  readonly milliseconds: number
  readonly wrk?: boolean
}

async function measure(subject: Subject, options: MeasureOptions): Promise<Run> {
  const { hostname, port } = subject.url
  const order: LoadOrder = {
    host: hostname,
    port: Number(port || 80),
    requests: [browserRequest(subject)],
    connections: options.connections,
    milliseconds: options.milliseconds,
  }
  const before = subject.process && cpuOf(subject.process)
  const result = options.wrk ? runWrk(subject.url, order) : await runLoad(options.load, order)
  const after = subject.process && cpuOf(subject.process)
  if (result.errors > 0) throw new Error(`${subject.name}: ${result.errors} errors`)
  const cpu = before === undefined || after === undefined ? undefined : after - before
  return {
    perSecond: (result.requests / result.milliseconds) * 1000,
    p50: result.p50Microseconds / 1000,
    p99: result.p99Microseconds / 1000,
    cpu: cpu === undefined ? undefined : cpu / result.requests,
  }
}

const warmUp = { milliseconds: 1500 }

/** Short runs, each with one of the baseline next to it, since a machine's speed changes while one waits. */
export async function besideBaseline(
  baseline: Subject,
  subjects: Subject[],
  rounds: number,
  options: MeasureOptions,
) {
  for (const subject of [baseline, ...subjects]) await measure(subject, { ...options, ...warmUp })
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) {
      const pair = [baseline, subject]
      // The other order every other time: who comes second finds another machine.
      for (const it of round % 2 === 0 ? pair : pair.toReversed()) {
        it.runs.push(await measure(it, options))
      }
      subject.beside?.push(baseline.runs.at(-1) as Run)
    }
  }
}

/** Short runs by turns. */
export async function byTurns(subjects: Subject[], rounds: number, options: MeasureOptions) {
  for (const subject of subjects) await measure(subject, { ...options, ...warmUp })
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed()
    for (const subject of order) subject.runs.push(await measure(subject, options))
  }
}

export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
}

export const rounded = (value: number, digits: number) => Number(value.toFixed(digits))

/** Medians; the ratio is that of neighbouring runs. */
export function summary({ name, runs, beside = runs }: Subject) {
  const ratios = runs.map((run, i) => run.perSecond / (beside[i]?.perSecond ?? 1))
  const cpu = runs.flatMap((run) => run.cpu ?? [])
  return {
    subject: name,
    'requests/s': Math.round(median(runs.map((run) => run.perSecond))),
    'p50 ms': rounded(median(runs.map((run) => run.p50)), 2),
    'p99 ms': rounded(median(runs.map((run) => run.p99)), 2),
    'CPU µs/request': cpu.length === 0 ? null : rounded(median(cpu), 1),
    'ratio to baseline': rounded(median(ratios), 3),
  }
}

export type Row = Record<string, string | number | null>
