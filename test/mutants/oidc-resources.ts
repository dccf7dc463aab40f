import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T15',
    file: 'lib/oidc/asked-resources.ts',
    from: 'if (resources.length > 1) {',
    to: 'if (resources.length > 9) {',
    test: 'test/refused-resources.test.ts',
    title: 'T15: of which probes cannot tell costs its own remote only: ${how}',
  },
  {
    row: 'T15',
    file: 'lib/oidc/asked-resources.ts',
    from: "asked === 'all' && extent()",
    to: 'extent()',
    test: 'test/refused-resources.test.ts',
    title: 'T15: another one, of which probes cannot tell, keeps nobody from signing in either',
  },
  {
    row: 'T15',
    file: 'lib/oidc/asked-resources.ts',
    from: "if (toldBy === 'browser') return 'none'",
    to: '',
    test: 'test/refused-resources.test.ts',
    title: 'T15: that only a browser tells of changes nobody else’s sign-in',
  },
  {
    row: 'T15',
    file: 'lib/oidc/asked-resources.ts',
    from: 'leave(asked.filter((_, index) => verdicts[index]))',
    to: 'leave(verdicts.includes(true) ? asked : [])',
    test: 'test/refused-resources.test.ts',
    title: 'T15: costs no good resource its place',
  },
  {
    row: 'T15',
    file: 'lib/oidc/provider.ts',
    from: 'request.withoutResources ? [] : asked.list()',
    to: 'asked.list()',
    test: 'test/refused-resources.test.ts',
    title: 'T15: that only a browser tells of changes nobody else’s sign-in',
  },
  {
    row: 'L32',
    file: 'docs/providers.md',
    from: '"access_type": "offline", ',
    to: '',
    test: 'test/provider-recipes.test.ts',
    title: 'L32: ${name}: sign-in, call, refresh and sign-out by its recipe',
  },
]
