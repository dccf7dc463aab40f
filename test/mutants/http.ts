import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'S14',
    file: 'lib/http/cookies.ts',
    from: 'const name = stripWhiteSpace(header.slice(from, equals))',
    to: 'const name = header.slice(from, equals).trim()',
    test: 'lib/session/ticket.test.ts',
    title: 'S14: a name with any other byte before or after it is not our ticket',
  },
  {
    row: 'S14',
    file: 'lib/http/white-space.ts',
    from: 'return code === space || code === tab',
    to: 'return code === space || code === tab || code === 0xa0',
    test: 'lib/session/transaction.test.ts',
    title: 'S14: a name with any other byte before or after it is no transaction of ours',
  },
  {
    row: 'P29',
    file: 'lib/http/page-gate.ts',
    from: 'isNavigation(request) && !isOwnPath(request.pathname, request.ownPaths)',
    to: 'isNavigation(request)',
    test: 'lib/http/page-gate.test.ts',
    title: 'P29: never comes again from our own origin, and leads to no sign-in',
  },
  {
    row: 'P29',
    file: 'lib/http/own-paths.ts',
    from: 'const maxDecodings = 4',
    to: 'const maxDecodings = 0',
    test: 'lib/http/return-url.test.ts',
    title: 'P29: a person returns to a page, not to what is ours',
  },
]
