import type { Mutant } from './mutant.ts'

const connections = 'test/both-hosts-connections.test.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'P6',
    file: 'lib/hosts/next.ts',
    from: `server.prependListener('request', queuedAnswers.add)`,
    to: '',
    test: connections,
    title: 'P6, P17: takes every call along that waits on it, whatever comes behind them',
  },
  {
    row: 'P13',
    file: 'lib/hosts/refuse.ts',
    from: 'if (isBehindAnother(request)) return void socket.destroy()',
    to: '',
    test: connections,
    title: 'P13: a CONNECT gets no answer in place of one that is due first',
  },
  {
    row: 'A12',
    file: 'lib/hosts/next-server.ts',
    from: '  answerUpgrades(server, deps)\n',
    to: '',
    test: connections,
    title: 'A12: an upgrade is answered and closed, whatever it asks for',
  },
  {
    row: 'A2',
    file: 'lib/hosts/refuse.ts',
    from: 'setTimeout(() => socket.destroy(), lingerMs)',
    to: 'setTimeout(() => undefined, lingerMs)',
    test: 'test/draining.test.ts',
    title: 'A2: nobody holds up the end',
  },
  {
    row: 'P33',
    file: 'lib/hosts/head-deadline.ts',
    from: 'Object.assign(server, headDeadline)',
    to: '',
    test: connections,
    title: 'P33: a head that never ends is 408 after 20 s',
  },
  {
    row: 'P13',
    file: 'lib/hosts/refuse.ts',
    from: '!socket.writable || isLate)',
    to: '!socket.writable)',
    test: connections,
    title: 'P13: what the parser refuses is a problem, and never a part of another answer',
  },
  {
    row: 'A2',
    file: 'lib/hosts/shutdown.ts',
    from: 'shortenHeadDeadline(server)',
    to: '',
    test: 'test/draining.test.ts',
    title: 'A2: nobody holds up the end',
  },
  {
    row: 'A12',
    file: 'lib/hosts/next-raw-target.ts',
    from: 'delete headers[name]',
    to: '',
    test: 'test/both-hosts-router.test.ts',
    title: 'A12: headers of a router are nothing to endpoints, and arrive at APIs',
  },
  {
    row: 'A12',
    file: 'lib/hosts/next-raw-target.ts',
    from: `if (!isKnown(method)) request.method = 'POST'`,
    to: '',
    test: 'test/both-hosts-router.test.ts',
    title: 'A12: a method that an endpoint does not have is 405, whatever it is called',
  },
]
