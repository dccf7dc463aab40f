import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A2',
    file: 'lib/hosts/stop-signals.ts',
    from: `if (performance.now() - from >= sameSignalMs) resolve()`,
    to: `resolve()`,
    test: 'test/server-process.test.ts',
    title:
      'A2: after SIGTERM newcomers are served for BFF_DRAIN, unless a second one comes (${host})',
  },
  {
    row: 'A16',
    file: 'lib/hosts/shutdown.ts',
    from: `if (response && !response.headersSent) closeAfter(response)`,
    to: `if (response?.headersSent) closeAfter(response)`,
    test: 'test/draining.test.ts',
    title: 'A16: while a host drains',
  },
  {
    row: 'A16',
    file: 'lib/hosts/shutdown.ts',
    from: `NetServer.prototype.close.call(server, () => resolve())`,
    to: `server.close(() => resolve())`,
    test: 'test/draining.test.ts',
    title: 'A16: at the end',
  },
  {
    row: 'A17',
    file: 'lib/hosts/front-door.ts',
    from: `return isDraining() ? 'shutting_down' : 'options'`,
    to: `return 'options'`,
    test: 'test/draining.test.ts',
    title: 'A17: a health check hears no at once, by GET, HEAD and OPTIONS',
  },
  {
    row: 'A17',
    file: 'lib/hosts/front-door.ts',
    from: `return method === 'OPTIONS' && !isOurs(path) && !isRouteHandler(path)`,
    to: `return false`,
    test: 'test/both-hosts-malformed.test.ts',
    title: 'A17: health is told to GET, HEAD and OPTIONS, over HTTP/1.0 and without a Host too',
  },
  {
    row: 'A18',
    file: 'lib/hosts/page-path.ts',
    from: `if (!isSafePath(path)) return false`,
    to: ``,
    test: 'test/both-hosts-malformed.test.ts',
    title: 'A18: dot segments, plain and encoded, are 400 before anything routes them',
  },
  {
    row: 'A19',
    file: 'lib/hosts/listen-at.ts',
    from: ` || (await isAnswered(path))`,
    to: ``,
    test: 'test/unix-socket.test.ts',
    title: 'A19: HOST=unix:<path>',
  },
  {
    row: 'A16',
    file: 'lib/hosts/shutdown.ts',
    from: 'response.shouldKeepAlive = false',
    to: 'response.shouldKeepAlive = true',
    test: 'test/draining.test.ts',
    title: 'A16: while a host drains',
  },
]
