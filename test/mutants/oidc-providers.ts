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
  {
    row: 'L36',
    file: 'lib/oidc/client-auth.ts',
    from: 'return (_server, { client_id }, body) => {\n    const assertion = readAssertion(file)',
    to: 'const assertion = readAssertion(file)\n  return (_server, { client_id }, body) => {',
    test: 'test/client-assertion.test.ts',
    title: 'L36: is shown to every endpoint, by every client that has it, as it is at the time',
  },
  {
    row: 'L36',
    file: 'lib/oidc/call-failure.ts',
    from: 'return cause instanceof ProviderError ? cause : undefined',
    to: 'return undefined',
    test: 'test/client-assertion.test.ts',
    title: 'L36: one that is gone costs no session, and is named',
  },
  {
    row: 'L36',
    file: 'lib/config/client-auth.ts',
    from: 'refuseOthers(credentials, `${file.setting} too`, report)',
    to: '',
    test: 'test/client-assertion.test.ts',
    title: 'L36: ${title} stops the start',
  },
]
