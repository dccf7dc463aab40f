import type { Mutant } from './mutant.ts'

const compressed = { test: 'test/remote-next.test.ts', title: 'P16: a compressed answer' }

export const mutants: readonly Mutant[] = [
  {
    row: 'P16',
    file: 'lib/hosts/next-remote.ts',
    from: `raw.push('accept-encoding', 'identity')`,
    to: '',
    ...compressed,
  },
  {
    row: 'P16',
    file: 'lib/hosts/response-sink.ts',
    from: 'output.pause()',
    to: 'output.isPaused()',
    ...compressed,
  },
  {
    row: 'P16',
    file: 'lib/hosts/response-sink.ts',
    from: `output.on('error', (error) => this.destroy(error))`,
    to: `output.on('error', () => this.#complete())`,
    ...compressed,
  },
  {
    row: 'P16',
    file: 'lib/hosts/decode-content.ts',
    from: 'codings.toReversed()',
    to: 'codings',
    ...compressed,
  },
  {
    row: 'P16',
    file: 'lib/hosts/decode-content.ts',
    from: '? createInflateRaw()',
    to: '? createInflate()',
    ...compressed,
  },
  {
    row: 'P16',
    file: 'lib/hosts/decoded-head.ts',
    from: `['content-encoding', 'content-length', 'accept-ranges']`,
    to: `['content-encoding', 'accept-ranges']`,
    ...compressed,
  },
  {
    row: 'P16',
    file: 'lib/hosts/decoded-head.ts',
    from: 'kept.map(weakened)',
    to: 'kept',
    ...compressed,
  },
  {
    row: 'A14',
    file: 'lib/hosts/guarded-pages.ts',
    from: '[page, `${page}/x`]',
    to: '[page]',
    test: 'lib/hosts/guarded-pages.test.ts',
    title: 'A14: a protected page that the middleware is not asked about is told',
  },
  {
    row: 'A14',
    file: 'lib/hosts/guarded-pages.ts',
    from: 'for (const page of prefixesOf(pathname)) waiting.delete(page)',
    to: '',
    test: 'lib/hosts/guarded-pages.test.ts',
    title: 'A14: a protected page that was served without the gate is told once',
  },
  {
    row: 'A14',
    file: 'lib/hosts/start-engine.ts',
    from: 'if (problems.length > 0)',
    to: 'if (problems.length > 1)',
    test: 'test/server-process.test.ts',
    title: 'A14: a protected page that no gate guards stops the start (${host})',
  },
  {
    row: 'A6',
    file: 'lib/hosts/secure-head.ts',
    from: 'if (flat === undefined && !response.hasHeader(name)) response.setHeader(name, value)',
    to: 'if (flat === undefined) continue',
    test: 'test/both-hosts-pages.test.ts',
    title: 'A6: every answer over https says HSTS and nosniff, once',
  },
]
