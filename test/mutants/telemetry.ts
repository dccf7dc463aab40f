import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
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
