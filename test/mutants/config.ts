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
]
