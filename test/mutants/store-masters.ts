import type { Mutant } from './mutant.ts'

const cluster = 'test/store-redis-cluster.test.ts'
const sentinel = 'test/store-redis-sentinel.test.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'S27',
    file: 'lib/store/redis-cluster.ts',
    from: 'if (!(error instanceof Redirected) || redirects === mostRedirects) throw unwrapped(error)',
    to: 'throw unwrapped(error)',
    test: cluster,
    title: 'while a slot moves, every operation is done once, and nothing is lost',
  },
  {
    row: 'S27',
    file: 'lib/store/redis-cluster.ts',
    from: '        succeeded.add(place)\n',
    to: '',
    test: cluster,
    title:
      'the master of some slots is killed: those are away, the others are not, and all is well after the election',
  },
  {
    row: 'S27',
    file: 'lib/store/redis-slots.ts',
    from: '0x1021',
    to: '0x1020',
    test: cluster,
    title: 'S27: slots are those of the cluster specification',
  },
  {
    row: 'S27',
    file: 'lib/store/redis-node.ts',
    from: "const allowed = run('ASKING')",
    to: "const allowed = run('PING')",
    test: cluster,
    title: 'while a slot moves, every operation is done once, and nothing is lost',
  },
  {
    row: 'S28',
    file: 'lib/store/redis-ask.ts',
    from: 'if (count > answers.length / 2) return answer',
    to: 'return answer',
    test: sentinel,
    title: 'sentinels that do not agree, or do not know the name, are an outage',
  },
  {
    row: 'S28',
    file: 'lib/store/redis-sentinel.ts',
    from: 'current = await elected()',
    to: 'current ??= await elected()',
    test: sentinel,
    title:
      'a master that is killed is 503 until another one is elected, and nothing has to be restarted',
  },
  {
    row: 'A30',
    file: 'lib/hosts/create-web-bff.ts',
    from: 'if (!isSame(started.config, config)) throw new Error(calledTwice)',
    to: '',
    test: 'test/web-door-twice.test.ts',
    title: 'A30: a second one with another configuration is refused, and not served by the first',
  },
]
