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
  {
    row: 'L17',
    file: 'lib/endpoints/callback.ts',
    from: 'const goesOn = sub === next.record.sub && issuer',
    to: 'const goesOn = issuer',
    test: 'test/replaced-sessions.test.ts',
    title: 'L17: as somebody else revokes what the refresh brought',
  },
  {
    row: 'S9',
    file: 'lib/endpoints/endpoint.ts',
    from: "'content-type': 'application/json',\n    'cache-control': 'private, no-store',",
    to: "'content-type': 'application/json',",
    test: 'test/isolation.test.ts',
    title: 'S9: no cache keeps what was answered to one user',
  },
  {
    row: 'T15',
    file: 'lib/endpoints/callback.ts',
    from: 'restart: true,\n      ...(left',
    to: '...(left',
    test: 'test/refused-resources.test.ts',
    title: 'T15: that stays refused, for whatever reason, ends in a page and no loop',
  },
]
