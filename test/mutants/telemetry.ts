import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A51',
    file: 'lib/telemetry/pino-log.ts',
    from: "event === 'request.done' ? always : logger",
    to: 'logger',
    test: 'test/both-hosts-heads.test.ts',
    title: 'A51: the access log has a line for each request, whatever LOG_LEVEL says',
  },
  {
    row: 'A51',
    file: 'lib/telemetry/done-requests.ts',
    from: 'nameOfSession(sessionHandle)',
    to: 'sessionHandle',
    test: 'test/access-log.test.ts',
    title: 'A51: a line for every request, when it is over',
  },
  {
    row: 'A3',
    file: 'lib/telemetry/redaction.ts',
    from: '(isOpaque(word) ? mark : word)',
    to: 'word',
    test: 'lib/telemetry/pino-log.test.ts',
    title: 'A3: a secret in a cause never comes out',
  },
  {
    row: 'A5',
    file: 'lib/telemetry/limit-refusals.ts',
    from: 'if (window.count <= told)',
    to: 'if (window.count <= 2 * told)',
    test: 'test/refused-requests.test.ts',
    title: 'A5: an attacker cannot flood the log, and hides no other kind of attack',
  },
  {
    row: 'A5',
    file: 'lib/telemetry/limit-refusals.ts',
    from: 'timer ??= setInterval(sweep, windowMs).unref()',
    to: '',
    test: 'lib/telemetry/limit-refusals.test.ts',
    title: 'A5: the end of a flood is counted though nothing comes after it',
  },
  {
    row: 'A5',
    file: 'lib/telemetry/limit-refusals.ts',
    from: 'clients.has(known) || clients.size < mostClients',
    to: 'known',
    test: 'lib/telemetry/limit-refusals.test.ts',
    title: 'A5: a network of IPv6 is one client, and many clients are no way around it',
  },
]
