import type { Mutant } from './mutant.ts'

const asked = { row: 'P24', file: 'lib/router.ts', test: 'test/asked-otherwise.test.ts' }

export const mutants: readonly Mutant[] = [
  {
    ...asked,
    from: `['HEAD', callbackPath, 'open', standStill],`,
    to: '',
    title: 'P24: HEAD changes nothing where GET would, and GET works afterwards',
  },
  {
    ...asked,
    from: `if (route[0] === 'GET') methods.set('HEAD', route)`,
    to: '',
    title: 'P24: HEAD is answered as GET elsewhere, without the body',
  },
  {
    ...asked,
    from: `path.endsWith('/') ? path.slice(0, -1) : path`,
    to: 'path',
    title: 'P24: one slash at the end of an address is the same address',
  },
  {
    row: 'L27',
    file: 'lib/router.ts',
    from: 'if (room > 0) response',
    to: 'if (room < 1e6) response',
    test: 'test/short-heads.test.ts',
    title: 'L27: a jar with old cookies is healed a few at a time',
  },
]
