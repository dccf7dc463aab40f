import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'T17',
    file: 'lib/server/token-fetch.ts',
    from: 'if (!isSameOrigin(next.url, home)) token = undefined',
    to: '',
    test: 'test/token-fetch.test.ts',
    title: 'T17: shows no credential to another origin, nor to the first one after that',
  },
  {
    row: 'T17',
    file: 'lib/server/token-fetch.ts',
    from: 'const result = await unlessAborted(asked, signal)',
    to: 'const result = await asked',
    test: 'test/token-fetch.test.ts',
    title: 'T17: at a provider that hangs, and others go on waiting',
  },
  {
    row: 'T17',
    file: 'lib/server/fetch-redirect.ts',
    from: "return method === 'POST' && (status === 301 || status === 302)",
    to: "return method === 'POST' && status === 302",
    test: 'test/token-fetch.test.ts',
    title: 'T17: keeps or changes the method as the fetch standard says',
  },
  {
    row: 'T17',
    file: 'lib/server/fetch-redirect.ts',
    from: 'for (const name of ownersHeaders) headers.delete(name)',
    to: 'for (const name of ownersHeaders.slice(1)) headers.delete(name)',
    test: 'test/token-fetch.test.ts',
    title: 'T17: shows no credential to another origin, nor to the first one after that',
  },
  {
    row: 'A45',
    file: 'lib/server/test-session.ts',
    from: '!isLoopback(new URL(publicOrigin).hostname)',
    to: 'false',
    test: 'test/testing-door.test.ts',
    title: 'refuses to on an origin that is not on loopback',
  },
  {
    row: 'A45',
    file: 'lib/server/test-session.ts',
    from: 'if (isNamedProduction(env)) {',
    to: 'if (isNamedProduction({})) {',
    test: 'test/testing-door.test.ts',
    title: 'refuses to where NODE_ENV is production',
  },
]
