import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A3',
    file: 'lib/telemetry/redaction.ts',
    from: '(isOpaque(word) ? mark : word)',
    to: 'word',
    test: 'lib/telemetry/pino-log.test.ts',
    title: 'A3: a secret in a cause never comes out',
  },
  {
    row: 'A5',
    file: 'lib/telemetry/limit-refusals.ts',
    from: 'return left === 0 ? undefined : suppressed',
    to: 'return suppressed',
    test: 'test/refused-requests.test.ts',
    title: 'A5: an attacker cannot flood the log, and hides no other kind of attack',
  },
]
