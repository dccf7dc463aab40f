import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T29',
    file: 'lib/session/seconds-left.ts',
    from: 'refreshLife?.expiresAt ?? Number.POSITIVE_INFINITY',
    to: 'refreshLife ? Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY',
    test: 'test/refresh-lifetime.test.ts',
    title: 'T29: bff:session_expires_in ends with it: ${member} ${value(7)}, ${isCapped}',
  },
  {
    row: 'T29',
    file: 'lib/session/refresh-life.ts',
    from: 'Math.max(restMs, (expiresAt - obtainedAt) / 2)',
    to: '(expiresAt - obtainedAt)',
    test: 'test/refresh-lifetime.test.ts',
    title: 'T29: who reads local pages only stays signed in, with a refresh every half of it',
  },
  {
    row: 'T29',
    file: 'lib/session/refresh-life.ts',
    from: "mode === 'use' &&",
    to: '',
    test: 'test/refresh-lifetime.test.ts',
    title: 'T29: a look is no use: it refreshes nothing before the end, and shows it then',
  },
  {
    row: 'T29',
    file: 'lib/session/refresh-life.ts',
    from: 'return { ...known, obtainedAt: now }',
    to: 'return known',
    test: 'test/refresh-lifetime.test.ts',
    title: 'T29: one that says it at sign-in only is not asked at each use',
  },
  {
    row: 'T29',
    file: 'lib/tokens/user-token.ts',
    from: 'if (coolDowns.of(placeOf(session, slot)) !== undefined) return',
    to: '',
    test: 'test/refresh-lifetime.test.ts',
    title: 'T29: a provider that is down at the time signs nobody out',
  },
  {
    row: 'S18',
    file: 'lib/tokens/refreshed-identity.ts',
    from: '...given({ accessToken: jwtClaims(accessToken) }),',
    to: '',
    test: 'test/claims-hook.test.ts',
    title: 'S18: is given what the ID token, UserInfo and an access token that is a JWT say',
  },
]
