import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'L15',
    file: 'lib/pages/silent-login-page.ts',
    from: "returnUrl === undefined ? '' : goOn",
    to: "returnUrl === undefined ? goOn : ''",
    test: 'test/silent-sign-in.test.ts',
    title: 'L15: ${title}: where the browser does not say, the page finds out by itself',
  },
  {
    row: 'P29',
    file: 'lib/pages/page-gate.ts',
    from: 'asksForPage(request) && !isOwnPath(request.pathname, request.ownPaths)',
    to: 'asksForPage(request)',
    test: 'lib/pages/page-gate.test.ts',
    title: 'P29: never comes again from our own origin, and leads to no sign-in',
  },
  {
    row: 'A6',
    file: 'lib/pages/csp.ts',
    from: `    "frame-ancestors 'none'",`,
    to: `    "frame-ancestors 'self'",`,
    test: 'lib/pages/csp.test.ts',
    title: 'A6: no page may be framed',
  },
  {
    row: 'A6',
    file: 'lib/pages/csp.ts',
    from: 'providerOrigins ?? {',
    to: '{',
    test: 'lib/pages/csp.test.ts',
    title: 'A6: images come from here, frames from the provider',
  },
  {
    row: 'A6',
    file: 'lib/pages/csp.ts',
    from: 'new Set([...frames, ...signOut])',
    to: 'new Set(frames)',
    test: 'lib/pages/csp.test.ts',
    title: 'A6: a form leads home, and to the provider’s sign-in and sign-out',
  },
]
