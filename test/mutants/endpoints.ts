import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A5',
    file: 'lib/endpoints/refusal.ts',
    from: 'if (status < 500) incoming.refused(code)',
    to: 'if (status === 403) incoming.refused(code)',
    test: 'test/refused-requests.test.ts',
    title: 'A5: what was refused, or looks like an attack, is told with the address of the client',
  },
]
