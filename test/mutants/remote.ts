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
  {
    row: 'S4',
    file: 'lib/remote/call.ts',
    from: "readSession(head.cookie, 'use'",
    to: "readSession(head.cookie, 'peek'",
    test: 'test/refresh.test.ts',
    title: 'S4: calls to an API extend it as any use does',
  },
]
