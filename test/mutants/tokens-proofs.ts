import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T27',
    file: 'lib/oidc/provider-call.ts',
    from: '        Object.assign(answer, refusal)\n        throw thrown',
    to: '        throw again',
    test: 'test/client-proofs.test.ts',
    title: 'T27: what is said of a way that was only tried ends nobody’s session',
  },
  {
    row: 'T27',
    file: 'lib/oidc/provider-call.ts',
    from: '?.includes(method) ?? false',
    to: '?.includes(method) ?? true',
    test: 'test/client-proofs.test.ts',
    title: 'T27: only where the provider lists it',
  },
  {
    row: 'T27',
    file: 'lib/oidc/known-proofs.ts',
    from: 'const restMs = 60_000',
    to: 'const restMs = 30_000',
    test: 'test/client-proofs.test.ts',
    title: 'T27: what refuses both is asked once a minute in both ways',
  },
  {
    row: 'T27',
    file: 'lib/oidc/known-proofs.ts',
    from: 'methods.set(place, method)\n',
    to: '',
    test: 'test/client-proofs.test.ts',
    title: 'T27: and in the body after ${labelOf(refusal)}: every kind of request',
  },
  {
    row: 'T27',
    file: 'lib/oidc/provider-call.ts',
    from: '[server.issuer, clientId, proofs.name]',
    to: '[server.issuer]',
    test: 'test/client-proofs.test.ts',
    title: 'T27: each client and secret for itself',
  },
  {
    row: 'T27',
    file: 'lib/oidc/credentials-look.ts',
    from: "method === 'client_secret_post' ? method : 'client_secret_basic'",
    to: "method === 'none' ? 'client_secret_post' : 'client_secret_basic'",
    test: 'test/client-proofs.test.ts',
    title: 'T27, T20: the look at our credentials compares what was sent in the same way',
  },
]
