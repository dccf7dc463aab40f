import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'S15',
    file: 'lib/oidc/nonce-memory.ts',
    from: 'weigh: (nonce, slot) => nonce.length +',
    to: 'weigh: (_, slot) =>',
    test: 'lib/tokens/dpop.test.ts',
    title: 'S15: the memory of nonces is bounded in bytes, however long an API makes them',
  },
]
