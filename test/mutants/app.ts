import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A2',
    file: 'server.ts',
    from: "return reason === 'pages failed' ? 1 : 0",
    to: "return reason === 'pages failed' ? 1 : 2",
    test: 'test/server-process.test.ts',
    title: 'A2: on SIGTERM the requests in flight are answered, and the process ends with 0',
  },
  {
    row: 'P18',
    file: 'server.ts',
    from: 'hostname, port, httpServer })',
    to: 'hostname, port })',
    test: 'test/both-hosts.test.ts',
    title: 'P18: a WebSocket lives on after pages were served, until its session ends',
  },
  {
    row: 'P29',
    file: 'next.config.ts',
    from: 'skipProxyUrlNormalize: true',
    to: 'skipProxyUrlNormalize: false',
    test: 'test/both-hosts-pages.test.ts',
    title: 'P29: a foreign link is opened again for a page only',
  },
]
