import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'L35',
    file: 'lib/oidc/discovery.ts',
    from: 'if (needsNoDiscovery(endpoints)) return withNamedEndpoints({ issuer }, endpoints)',
    to: '',
    test: 'test/named-endpoints.test.ts',
    title: 'L35: ${title}: sign-in, call, refresh and sign-out go there',
  },
  {
    row: 'L35',
    file: 'lib/oidc/named-endpoints.ts',
    from: 'mtls_endpoint_aliases: { ...aliases, ...own }',
    to: 'mtls_endpoint_aliases: aliases',
    test: 'test/named-endpoints.test.ts',
    title: 'L35: one that mutual TLS has elsewhere is the named one too',
  },
]
