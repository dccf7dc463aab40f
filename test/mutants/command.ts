import type { Mutant } from './mutant.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'A48',
    file: 'lib/command/init.ts',
    from: 'if (!dryRun) write(cwd, file, text)',
    to: 'write(cwd, file, text)',
    test: 'test/init.test.ts',
    title: 'A48: a rehearsal writes nothing, and makes no secret',
  },
  {
    row: 'A48',
    file: 'lib/command/init.ts',
    from: 'if (there !== undefined) out',
    to: "if (there === 'x') out",
    test: 'test/init.test.ts',
    title: 'A48: never writes over anything, however it is spelled',
  },
  {
    row: 'A48',
    file: 'lib/command/init.ts',
    from: "text === '' || text.endsWith('\\n') ? '' : newLine",
    to: "''",
    test: 'test/init.test.ts',
    title: 'A48: the secret does not get into version control',
  },
  {
    row: 'A48',
    file: 'lib/command/init/app-folder.ts',
    from: "isThere('src') && !isThere('app')",
    to: "isThere('source')",
    test: 'test/init.test.ts',
    title: 'A48: an app below src/, and an existing proxy, are seen',
  },
]
