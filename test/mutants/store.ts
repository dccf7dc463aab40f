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
  {
    row: 'A15',
    file: 'lib/store/sqlite-file.ts',
    from: 'for (const each of [path, `${path}-wal`, `${path}-shm`]) closeToOthers(each, onExposed)',
    to: 'closeToOthers(path, onExposed)',
    test: 'test/full-disk.test.ts',
    title: 'A15: files that others could read are closed to them, and told',
  },
  {
    row: 'A15',
    file: 'lib/store/sqlite.ts',
    from: 'if (at < wroteAt + PING_WRITES_EVERY_MS)',
    to: 'if (at > 0)',
    test: 'test/full-disk.test.ts',
    title: 'A15: a store that can be read and not written is not ready',
  },
]
