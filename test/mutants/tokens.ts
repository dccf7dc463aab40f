import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T14',
    file: 'lib/tokens/refused-token.ts',
    from: 'return !isRecent(token.obtainedAt) &&',
    to: 'return true &&',
    test: 'test/refused-tokens.test.ts',
    title: 'T14: on two instances it is one request between them',
  },
  {
    row: 'T14',
    file: 'lib/tokens/refused-token.ts',
    from: ' && !isRecent(failedAt.get(sha256(rejected)))',
    to: '',
    test: 'test/refused-tokens.test.ts',
    title: 'T14: a replacement that is not to be had is asked for once in half a minute',
  },
  {
    row: 'T14',
    file: 'lib/tokens/refused-token.ts',
    from: 'const restMs = 30_000',
    to: 'const restMs = 60_000',
    test: 'test/refused-tokens.test.ts',
    title: 'T14: a refused token that is old enough is replaced, and the call succeeds',
  },
  {
    row: 'L17',
    file: 'lib/tokens/replaced-session.ts',
    from: 'if (await deps.sessions.readFresh(mark.value)) return true',
    to: 'if (await deps.sessions.readFresh(mark.value)) return false',
    test: 'test/replaced-sessions.test.ts',
    title: 'L17: and again meanwhile leaves the newest working',
  },
  {
    row: 'L17',
    file: 'lib/tokens/replaced-session.ts',
    from: 'if (await deps.sessions.readFresh(mark.value)) return true',
    to: 'return true',
    test: 'test/replaced-sessions.test.ts',
    title: 'L17, T4: and out again meanwhile revokes what the refresh brought',
  },
  {
    row: 'S15',
    file: 'lib/tokens/exchange.ts',
    from: 'weigh: ({ token }, name) => token.token.length +',
    to: 'weigh: ({ token }, name) => token.type.length +',
    test: 'test/token-exchange.test.ts',
    title: 'S15: what is remembered is bounded in bytes, however long the tokens are',
  },
]
