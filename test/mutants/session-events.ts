import type { Mutant } from './mutant.ts'

const list = 'test/session-list.test.ts'
const stream = 'test/event-stream.test.ts'
const watch = 'client/session-stream.test.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'O13',
    file: 'lib/session/keys.ts',
    from: 'sha256(`cloakroom session list\\0${key}`).slice(0, 22)',
    to: 'publicIdOf(key).slice(0, 22)',
    test: list,
    title:
      'handles stay the same, lead to nothing else, and none is a ticket or a handle of the sign-out link',
  },
  {
    row: 'O13',
    file: 'lib/session/browser-names.ts',
    from: 'return given({ browser: known(browser.name), system: known(os.name) })',
    to: 'return given({ browser: userAgent, system: known(os.name) })',
    test: list,
    title: 'are listed as a person would name them, newest use first',
  },
  {
    row: 'O13',
    file: 'lib/endpoints/sessions.ts',
    from: 'all.filter(({ key }) => key !== current.key)',
    to: 'all',
    test: list,
    title: 'one can be ended from another, its tokens are revoked, and the rest go on',
  },
  {
    row: 'O14',
    file: 'lib/endpoints/event-streams.ts',
    from: 'if (watched.turn === turn || watched.turn === other) look(watched)',
    to: '',
    test: stream,
    title: 'warns before the end, tells of a use, and is none itself',
  },
  {
    row: 'O14',
    file: 'lib/endpoints/event-streams.ts',
    from: 'if (watched.streams.size >= mostOfSession)',
    to: 'if (watched.streams.size > mostOfSession)',
    test: stream,
    title: 'one session has twenty at most, and what was closed makes room',
  },
  {
    row: 'O14',
    file: 'lib/tokens/end-session.ts',
    from: "  administrator: 'elsewhere',\n",
    to: '',
    test: stream,
    title: 'ends in every tab by ${title}: ${reason}',
  },
  {
    row: 'O14',
    file: 'lib/hosts/node-web.ts',
    from: 'return stream(answer.body, response)',
    to: 'return void response.end()',
    test: stream,
    title: 'says how long the session has, and is kept and packed by nobody in between',
  },
  {
    row: 'O14',
    file: 'client/session-events.ts',
    from: 'await sleep(500 + random() * upTo, signal)',
    to: 'await sleep(500, signal)',
    test: 'client/session-events.test.ts',
    title: 'O14: a server that went away is not met by everybody at once when it comes back',
  },
  {
    row: 'O14',
    file: 'client/session-watch.ts',
    from: 'surroundings.share(event)',
    to: '',
    test: watch,
    title: 'O14: ten tabs hold one connection, and all are empty when the server says so',
  },
  {
    row: 'O14',
    file: 'client/session-watch.ts',
    from: "if (state.status === 'unavailable') set({ status: 'anonymous', ended: endedBy })",
    to: '',
    test: watch,
    title: 'O14: what the server said holds when nobody can be asked',
  },
]
