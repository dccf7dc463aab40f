import { createHash } from 'node:crypto'
import type { TabledMutant } from './tables.ts'

/** The mutants of the rooms and rows that the words name, all without a word. `remote-a` is part of `remote`. */
export function chooseMutants(
  all: readonly TabledMutant[],
  words: readonly string[],
): { mutants: readonly TabledMutant[]; unknown: string[] } {
  const names = (word: string) => (mutant: TabledMutant) =>
    mutant.row === word || mutant.room === word || mutant.room.startsWith(`${word}-`)
  return {
    mutants: words.length === 0 ? all : all.filter((it) => words.some((word) => names(word)(it))),
    unknown: words.filter((word) => !all.some(names(word))),
  }
}

/** `count` of them, the same ones for the same seed. */
export function drawSample(
  mutants: readonly TabledMutant[],
  count: number,
  seed: string,
): TabledMutant[] {
  if (!Number.isSafeInteger(count) || count < 1) throw new Error('--sample wants a number from 1')
  const place = ({ row, file, to }: TabledMutant) =>
    createHash('sha256').update([seed, row, file, to].join('\n')).digest('hex')
  return [...mutants].sort((a, b) => place(a).localeCompare(place(b))).slice(0, count)
}

/** The date, for example `2026-01-31`. */
export function today(): string {
  return new Date().toISOString().slice(0, 10)
}
