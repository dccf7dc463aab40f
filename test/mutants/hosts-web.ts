import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A30',
    file: 'lib/hosts/own-targets.ts',
    from: 'isAtOrBelow(tidy, prefix)',
    to: 'tidy.startsWith(prefix)',
    test: 'test/web-door.test.ts',
    title: 'A30: says what is ours, and answers that alone',
  },
  {
    row: 'A30',
    file: 'lib/hosts/web-door.ts',
    from: 'if (refusal) return refused(request, refusal)',
    to: '',
    test: 'test/web-door.test.ts',
    title: 'A30: a foreign name, a foreign page and a large body are refused as on the Node host',
  },
  {
    row: 'A30',
    file: 'lib/hosts/web-door.ts',
    from: 'target: target ?? pathname + search',
    to: 'target: pathname + search',
    test: 'test/web-door.test.ts',
    title: 'A30: bodies stream both ways, and the address is judged as it came',
  },
  {
    row: 'A31',
    file: 'lib/hosts/web-local.ts',
    from: "if (admission.kind === 'answered') {",
    to: "if (admission.kind === 'answered' && admission.status !== 403) {",
    test: 'test/web-door.test.ts',
    title: 'A31: an API of one’s own stands behind the rules of a remote',
  },
  {
    row: 'A31',
    file: 'lib/hosts/web-local.ts',
    from: 'new Headers(answer.headers)',
    to: 'answer.headers',
    test: 'test/web-door.test.ts',
    title:
      'A31: answers that cannot be changed are passed on, and what a handler throws is the framework’s',
  },
  {
    row: 'A32',
    file: 'lib/hosts/next-middleware.ts',
    from: "if (csp !== 'nonce') return",
    to: "if (csp === undefined && nonce === '') return",
    test: 'test/next-door.test.ts',
    title: 'A32: pages pass with headers that suit what was built once, to which more may be added',
  },
  {
    row: 'A32',
    file: 'lib/hosts/next-middleware.ts',
    from: 'if (answer) return answer',
    to: 'if (answer?.status === 503) return answer',
    test: 'test/next-door.test.ts',
    title: 'A32: protected pages are gated, and what is ours guards itself',
  },
  {
    row: 'A33',
    file: 'lib/hosts/next-config.ts',
    from: '...(given.serverExternalPackages ?? []), ',
    to: '',
    test: 'test/next-door.test.ts',
    title: 'A33: what an app says stays, and what must be is added',
  },
]
