import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A5',
    file: 'lib/telemetry/limit-refusals.ts',
    from: 'return left === 0 ? undefined : suppressed',
    to: 'return suppressed',
    test: 'test/refused-requests.test.ts',
    title: 'A5: an attacker cannot flood the log, and hides no other kind of attack',
  },
]
