import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'S8',
    file: 'lib/endpoints/failure-code.ts',
    from: 'if (error instanceof StoreUnavailableError || error instanceof ProviderError)',
    to: 'if (error instanceof ProviderError)',
    test: 'test/outage.test.ts',
    title: 'S8: a store that is killed and started again signs nobody out (${name})',
  },
  {
    row: 'S8',
    file: 'lib/endpoints/interrupted-sign-in.ts',
    from: 'deps.revoke && previous === undefined',
    to: 'deps.revoke',
    test: 'test/interrupted-sign-ins.test.ts',
    title: 'S8: nothing is revoked that the session from before may hang on',
  },
  {
    row: 'S8',
    file: 'lib/endpoints/interrupted-sign-in.ts',
    from: 'if (remembered.silent && !isTopLevel(incoming.request.headers))',
    to: 'if (false)',
    test: 'test/interrupted-sign-ins.test.ts',
    title: 'S8, L15: a silent sign-in tells its page',
  },
  {
    row: 'S8',
    file: 'lib/endpoints/callback.ts',
    from: '        giveBack(incoming, taken.transaction, result)\n',
    to: '',
    test: 'test/interrupted-sign-ins.test.ts',
    title: 'S8, L18: ${title}: the tokens are revoked, the cookie goes, the deep link stays',
  },
  {
    row: 'S8',
    file: 'lib/endpoints/callback.ts',
    from: '        clearCookies = taken.clearCookies\n',
    to: '',
    test: 'test/interrupted-sign-ins.test.ts',
    title: 'S8, L18: ${title}: the tokens are revoked, the cookie goes, the deep link stays',
  },
  {
    row: 'L18',
    file: 'lib/endpoints/callback.ts',
    from: 'deps.transactions.recall(state)',
    to: '{}',
    test: 'test/interrupted-sign-ins.test.ts',
    title: 'S8, L18: when the answer arrives: nothing is used up, and the deep link stays',
  },
]
