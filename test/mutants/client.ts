import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'O5',
    file: 'client/silent-login.ts',
    from: "setTimeout(() => finish('timeout'), timeoutMs)",
    to: "setTimeout(() => finish('anonymous'), timeoutMs)",
    test: 'client/silent-login.test.ts',
    title: 'O5: a provider that shows its login page instead ends in a timeout, not in a hang',
  },
]
