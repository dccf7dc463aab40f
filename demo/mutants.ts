import type { Mutant } from '../test/mutants/mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A47',
    file: 'demo/demo.ts',
    from: 'ownIssuer === undefined ? await startDemo() : undefined',
    to: 'await startDemo()',
    test: 'demo/own-provider.test.ts',
    title: 'A47: the demo’s commands leave a provider of one’s own alone, and start no other',
  },
]
