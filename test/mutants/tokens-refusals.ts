import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T5',
    file: 'lib/tokens/refresh-grant.ts',
    from: 'Object.keys(parameters).length > 0',
    to: "['resource', 'scope', 'audience'].some((name) => name in parameters)",
    test: 'test/oidc-refresh-refusals.test.ts',
    title:
      'T5: where settings or a hook added something, only invalid_grant is a dead token: ${name}',
  },
  {
    row: 'T5',
    file: 'lib/tokens/refresh-refusal.ts',
    from: "with additions': 'additions' }\nconst unknown",
    to: "with additions': 'unclear' }\nconst unknown",
    test: 'test/refresh.test.ts',
    title:
      'T5: a parameter of ours that the provider does not take signs nobody out, and is told as an error',
  },
  {
    row: 'T5',
    file: 'lib/tokens/refresh-refusal.ts',
    from: "  ['temporarily_unavailable', notNow],\n",
    to: '',
    test: 'test/oidc-refresh-refusals.test.ts',
    title:
      'T5: whatever status and error come together, only a 400 or a 2xx says that a token is dead',
  },
  {
    row: 'T20',
    file: 'lib/tokens/refresh-refusal.ts',
    from: "['invalid_request', withoutReason]",
    to: "['invalid_request', { ...withoutReason, 'sign-in’s own grant': 'dead' }]",
    test: 'test/own-credentials.test.ts',
    title: 'T20: signs nobody out when our secret is wrong, and is 503: ${title}',
  },
  {
    row: 'T20',
    file: 'lib/tokens/refresh-grant.ts',
    from: "if (refusal === 'unclear') return { unclear: failure }",
    to: "if (refusal === 'unclear') return { outcome: { kind: 'rejected' } }",
    test: 'test/own-credentials.test.ts',
    title: 'T20: signs nobody out when our secret is wrong, and is 503: ${title}',
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
    from: '        unclear.forget(refreshToken)\n',
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
  {
    row: 'T18',
    file: 'lib/tokens/exchanged-token.ts',
    from: 'if (inVain !== undefined) return fallBack(name, call, inVain)',
    to: '',
    test: 'test/exchange-dead-subject.test.ts',
    title: 'T18: a failing exchange is not asked anew for every call: ${how}',
  },
  {
    row: 'T18',
    file: 'lib/tokens/exchange-failure.ts',
    from: "if (refusal === 'possible') return 'token_unavailable'",
    to: '',
    test: 'test/exchange-dead-subject.test.ts',
    title: 'T18: what a new token does not heal is 503, and ends nothing',
  },
]
