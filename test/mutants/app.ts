import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'P18',
    file: 'server.ts',
    from: '...at, httpServer: new Server() })',
    to: '...at })',
    test: 'test/both-hosts.test.ts',
    title: 'P18: a WebSocket lives on after pages were served, until its session ends',
  },
  {
    row: 'P29',
    file: 'lib/hosts/next-config.ts',
    from: 'skipProxyUrlNormalize: true',
    to: 'skipProxyUrlNormalize: false',
    test: 'test/both-hosts-pages.test.ts',
    title: 'P29: a foreign link is opened again for a page only',
  },
]
