import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A5',
    file: 'lib/session/ticket.ts',
    from: 'if (!ticket) onForged?.()',
    to: '',
    test: 'test/refused-requests.test.ts',
    title: 'A5: what was refused, or looks like an attack, is told with the address of the client',
  },
]
