import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A17',
    file: 'lib/hosts/front-door.ts',
    from: "if (target === '*' && method === 'OPTIONS') return answerToOptions()",
    to: '',
    test: 'test/both-hosts-targets.test.ts',
    title: 'A17: OPTIONS * tells that the server is there, over HTTP/1.0 and without a Host too',
  },
  {
    row: 'P13',
    file: 'lib/hosts/origin-form.ts',
    from: "if (authority === '' || URL.parse(whole)?.origin !== publicOrigin) return target",
    to: "if (authority === '') return target",
    test: 'test/both-hosts-targets.test.ts',
    title: 'P13: an absolute one is ours where it names our origin, and is read as it was written',
  },
  {
    row: 'P13',
    file: 'lib/hosts/refuse.ts',
    from: "refuseOnSocket(socket, 'method_not_allowed', more)",
    to: 'socket.destroy()',
    test: 'test/both-hosts-targets.test.ts',
    title: 'P13: an authority is for CONNECT, which nobody gets',
  },
  {
    row: 'P13',
    file: 'lib/hosts/node-web.ts',
    from: 'if (answer.status !== 204) headers',
    to: 'headers',
    test: 'test/both-hosts-targets.test.ts',
    title: 'P13: a 204 says no length',
  },
  {
    row: 'P22',
    file: 'lib/hosts/body-limit.ts',
    from: "return void request.emit('error', new BodyRefusedError(code))",
    to: 'return void request.destroy()',
    test: 'test/front-door.test.ts',
    title: 'P22: whoever never ends a request',
  },
  {
    row: 'P22',
    file: 'lib/hosts/body-limit.ts',
    from: 'if (canBeTold) refuseOnSocket',
    to: 'if (false) refuseOnSocket',
    test: 'test/front-door.test.ts',
    title: 'P22: whoever never ends a request is cut',
  },
]
