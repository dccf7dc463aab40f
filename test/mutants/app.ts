import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'P18',
    file: 'server.ts',
    from: 'hostname, port, httpServer })',
    to: 'hostname, port })',
    test: 'test/both-hosts.test.ts',
    title: 'P18: a WebSocket lives on after pages were served, until its session ends',
  },
]
