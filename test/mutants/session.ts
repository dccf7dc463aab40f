import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A5',
    file: 'lib/session/ticket.ts',
    from: 'if (!ticket) onForged?.()',
    to: '',
    test: 'test/refused-requests.test.ts',
    title: 'A5: what was refused, or looks like an attack, is told with the address of the client',
  },
  {
    row: 'S7',
    file: 'lib/session/sessions.ts',
    from: 'await store.replace(session.key, session.version, value)',
    to: 'await store.replace(session.key, (await store.getFresh(session.key))?.version ?? 0, value)',
    test: 'lib/session/sessions.test.ts',
    title: 'S7: a save of what has changed since it was read is none',
  },
  {
    row: 'O2',
    file: 'lib/session/sessions.ts',
    from: 'await index.add(record, key, record.absoluteAt - now())',
    to: 'await index.add(record, key, ttl)',
    test: 'lib/session/sessions.test.ts',
    title: 'O2: a session is found by its sid and its sub as long as it lives',
  },
  {
    row: 'S15',
    file: 'lib/session/sessions.ts',
    from: 'weigh: ({ entry }) => 2 * entry.value.length + 1000',
    to: 'weigh: () => 1',
    test: 'lib/session/sessions.test.ts',
    title: 'S15: what is remembered of sessions is bounded in bytes, however large each is',
  },
  {
    row: 'O11',
    file: 'lib/session/sessions.ts',
    from: 'const decryptedAtOnce = 8',
    to: 'const decryptedAtOnce = 800',
    test: 'test/many-sessions.test.ts',
    title:
      'O11: one logout token for many sessions: a few at a time, and everybody else in between',
  },
]
