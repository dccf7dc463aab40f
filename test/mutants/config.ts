import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A10',
    file: 'lib/config/outgoing-settings.ts',
    from: `readEither(env, 'HTTPS_PROXY')`,
    to: `readVariable(env, 'HTTPS_PROXY')`,
    test: 'lib/config/outgoing-rules.test.ts',
    title: 'A10: is read from the environment, by both spellings, and HTTP_PROXY is not',
  },
  {
    row: 'A10',
    file: 'lib/config/client-auth.ts',
    from: 'if (credentials[each] === undefined) continue',
    to: 'continue',
    test: 'lib/config/outgoing-rules.test.ts',
    title: 'A10: ${title} is refused',
  },
  {
    row: 'A11',
    file: 'lib/config/load-settings.ts',
    from: `.replace(/^\\uFEFF/, '')`,
    to: '',
    test: 'lib/config/config-rules.test.ts',
    title: 'A11: a JSON file may begin with a byte order mark',
  },
  {
    row: 'A11',
    file: 'lib/config/unquote.ts',
    from: 'unquoted[name] = value.slice(1, -1)',
    to: 'unquoted[name] = value',
    test: 'lib/config/environment-rules.test.ts',
    title: 'A11: ${name} in quotes is told once',
  },
  {
    row: 'T19',
    file: 'lib/config/token-parameters.ts',
    from: 'if (isOwnParameter(requestOf[grant], name)) {',
    to: "if (isOwnParameter('refresh', name)) {",
    test: 'test/tokens-added.test.ts',
    title: 'T19: is checked as settings are: nothing of ours, and text',
  },
]
