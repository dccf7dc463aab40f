import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T5',
    file: 'lib/tokens/refresh-grant.ts',
    from: 'targetOf(parameters)',
    to: 'targetOf({ ...request.added })',
    test: 'test/oidc-refresh-refusals.test.ts',
    title:
      'T5: 400 invalid_request is no dead token where settings or a hook ask for more: ${asked}',
  },
  {
    row: 'T20',
    file: 'lib/tokens/refresh-grant.ts',
    from: "if (refusal === 'unclear') return { unclear: failure }",
    to: "if (refusal === 'unclear') return { outcome: { kind: 'rejected' } }",
    test: 'test/own-credentials.test.ts',
    title: 'T20: signs nobody out when our secret is wrong, and is 503',
  },
  {
    row: 'T20',
    file: 'lib/tokens/refresh-grant.ts',
    from: 'return again.outcome ??',
    to: 'return',
    test: 'test/own-credentials.test.ts',
    title: 'T20: one stray page of an ingress ends no session of those that it was sent to',
  },
  {
    row: 'T20',
    file: 'lib/tokens/refresh-grant.ts',
    from: '      unclear.forget(request.refreshToken)\n',
    to: '',
    test: 'test/own-credentials.test.ts',
    title: 'T20: a refresh token that has worked since is judged anew',
  },
  {
    row: 'T20',
    file: 'lib/tokens/unclear-refusals.ts',
    from: ' && Math.abs(now() - known) < troubleMs',
    to: '',
    test: 'test/own-credentials.test.ts',
    title: 'T20: a refusal of long ago is another trouble, whatever has succeeded since',
  },
]
