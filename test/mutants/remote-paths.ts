import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'P40',
    file: 'lib/remote/match-route.ts',
    from: '      if (found === undefined) continue\n',
    to: '      if (found === undefined || remote !== undefined) continue\n',
    test: 'lib/remote/match-route.test.ts',
    title: 'is the one whose path is the longest, on whole segments',
  },
  {
    row: 'P40',
    file: 'lib/remote/match-route.ts',
    from: 'isAtOrBelow(target.slice(0, endOfPath(target)), prefix) ||',
    to: '',
    test: 'lib/remote/match-route.test.ts',
    title: 'is none below the prefix for a remote that has a path of its own',
  },
  {
    row: 'P40',
    file: 'lib/remote/prepare-remote.ts',
    from: 'publicPrefix: settings.path',
    to: 'publicPrefix: `/api/remote/${settings.name}`',
    test: 'test/remote-own-path.test.ts',
    title: 'leads addresses and cookies of the API to that path',
  },
]
