import type { Mutant } from './mutant.ts'

const door = 'test/node-door.test.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A21',
    file: 'lib/hosts/node-handler.ts',
    from: 'request.originalUrl ?? request.url',
    to: 'request.url',
    test: door,
    title: 'A21: goes by the address that came, wherever it is mounted',
  },
  {
    row: 'A22',
    file: 'lib/hosts/local-guard.ts',
    from: "return refused('csrf_check_failed')",
    to: '',
    test: door,
    title: 'A22: the CSRF rule keeps out ${who}',
  },
  {
    row: 'A22',
    file: 'lib/hosts/local-guard.ts',
    from: 'Object.entries({ ...uncached, vary',
    to: 'Object.entries({ vary',
    test: door,
    title: 'A22: the handler gets who is signed in, and its answer is kept by no cache',
  },
  {
    row: 'A22',
    file: 'lib/hosts/cloakroom.ts',
    from: "'peek'",
    to: "'use'",
    test: door,
    title: 'A22: session() reads in a navigation too, and extends nothing',
  },
  {
    row: 'A23',
    file: 'lib/hosts/node-protect.ts',
    from: 'calls.add(response)',
    to: '',
    test: door,
    title: 'A23: close waits for a call of ${path}',
  },
  {
    row: 'A31',
    file: 'lib/hosts/local-guard.ts',
    from: 'if (!passes || isWindow(request)) {',
    to: 'if (!passes) {',
    test: 'test/web-door.test.ts',
    title: 'A31: a link to it is refused, since the gate makes one of ours out of a foreign one',
  },
]
