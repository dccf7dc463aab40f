import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T21',
    file: 'lib/oidc/token-answer.ts',
    from: 'Number.isInteger(seconds) && seconds > 0 &&',
    to: 'Number.isInteger(seconds) &&',
    test: 'test/token-answers.test.ts',
    title: 'T21: at a sign-in, and the next refresh works',
  },
  {
    row: 'T21',
    file: 'lib/oidc/token-answer.ts',
    from: 'return value.trim() || undefined',
    to: 'return value.trim()',
    test: 'test/token-answers.test.ts',
    title: 'T21, T22: at a refresh, and the next one has the token that the provider rotated',
  },
  {
    row: 'T21',
    file: 'lib/oidc/call-failure.ts',
    from: '(status >= 300 || error === undefined)',
    to: 'status >= 200',
    test: 'test/token-answers.test.ts',
    title: 'T21: an error in a 2xx without a token is that error',
  },
  {
    row: 'T22',
    file: 'lib/tokens/refreshed-identity.ts',
    from: "deps.log.event('token.refresh.id_token_refused', { sub, cause: plainCause(cause) })",
    to: 'throw cause',
    test: 'test/refreshed-identity.test.ts',
    title: 'T22: ${title} costs nobody the session, and changes nothing',
  },
  {
    row: 'T22',
    file: 'lib/tokens/refresh-session.ts',
    from: '  await revokeObtained(deps, session, outcome)\n  return ended',
    to: '  return ended',
    test: 'test/refreshed-identity.test.ts',
    title: 'T22: ${title}: nothing is saved, the new tokens are revoked, the session ends',
  },
]
