import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T16',
    file: 'lib/remote/retry.ts',
    from: "if (this.#forNonce) return { do: 'pass' }",
    to: "if (this.#forNonce) return { do: 'renew' }",
    test: 'test/remote-tokens.test.ts',
    title: 'T16: a second challenge is passed on, and renews nothing',
  },
]
