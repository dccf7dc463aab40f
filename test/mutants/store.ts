import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A11',
    file: 'lib/store/redis.ts',
    from: `(await openWithout(['HELLO', '3'], attempt, 'resp2'))`,
    to: 'undefined',
    test: 'test/store-redis-resp2.test.ts',
    title: 'A11: is asked at every read',
  },
  {
    row: 'A11',
    file: 'lib/store/redis.ts',
    from: 'return { wire, tracked: false }',
    to: 'return { wire, tracked: true }',
    test: 'test/store-redis-resp2.test.ts',
    title: 'A11: is asked at every read',
  },
]
