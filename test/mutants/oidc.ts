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
  {
    row: 'T20',
    file: 'lib/oidc/own-credentials.ts',
    from: 'if (goodAt > since)',
    to: 'if (goodAt > 0)',
    test: 'test/own-credentials.test.ts',
    title: 'T20: a success of earlier proves nothing',
  },
  {
    row: 'T20',
    file: 'lib/oidc/own-credentials.ts',
    from: '< pauseMs',
    to: '< 0',
    test: 'test/own-credentials.test.ts',
    title: 'T20: looks once a minute, whoever is refused',
  },
  {
    row: 'T20',
    file: 'lib/oidc/credentials-look.ts',
    from: 'if (answer.status !== other.status || answer.error !== other.error)',
    to: 'if (!answer.refusesClient)',
    test: 'test/own-credentials.test.ts',
    title: 'T20: keeps it where good and wrong credentials are answered alike',
  },
]
