import type { Mutant } from './mutant.ts'

const packed = 'test/package.test.ts'
const house = 'scripts/mutants/judge.test.ts'

export const mutants: readonly Mutant[] = [
  {
    row: 'Q1',
    file: 'scripts/mutants/judge.ts',
    from: `{ kind: 'unnoticed' }\n}`,
    to: `{ kind: 'noticed' }\n}`,
    test: house,
    title: 'Q1: a change that it does not notice',
  },
  {
    row: 'Q1',
    file: 'scripts/mutants/run-test.ts',
    from: `kind: ran > 0 ? 'passed' : 'nothing'`,
    to: `kind: ran >= 0 ? 'passed' : 'nothing'`,
    test: house,
    title: 'Q1: it is an error when ${title}',
  },
  {
    row: 'Q1',
    file: 'scripts/mutants/run-test.ts',
    from: `cause instanceof ReferenceError ? describe(cause) : undefined`,
    to: `cause instanceof ReferenceError ? undefined : undefined`,
    test: house,
    title: 'Q1: it is an error when ${title}',
  },
  {
    row: 'Q1',
    file: 'scripts/mutants/judge.ts',
    from: `      undo()\n`,
    to: ``,
    test: house,
    title: 'Q1: one change at a time',
  },
  {
    row: 'Q1',
    file: 'scripts/check/mutants.ts',
    from: 'mutants.every(({ row }) => row !== number)',
    to: 'mutants.length === 0',
    test: 'scripts/check/mutants.test.ts',
    title: 'Q1: each promise has one that is its own',
  },
  {
    row: 'Q3',
    file: 'scripts/node-tests.ts',
    from: 'timeout: testMs,',
    to: '',
    test: 'scripts/node-tests.test.ts',
    title: 'Q3: one that ${title} is named, and fails',
  },
  {
    row: 'Q3',
    file: 'scripts/note-begun-test.ts',
    from: `if (file && `,
    to: `if (!file && `,
    test: 'scripts/node-tests.test.ts',
    title: 'Q3: one that ${title} is named, and fails',
  },
  {
    row: 'A20',
    file: 'scripts/package/build-package.ts',
    from: "['LICENSE', 'CHANGELOG.md']",
    to: "['CHANGELOG.md']",
    test: packed,
    title: 'A20: holds compiled sources, declarations, maps and pages, and nothing of the house',
  },
  {
    row: 'A20',
    file: 'scripts/package/package-manifest.ts',
    from: '{ optional: true }',
    to: '{ optional: false }',
    test: packed,
    title: 'A20: depends on what it imports, and takes React from whoever has it',
  },
  {
    row: 'A20',
    file: 'scripts/package/package-pages.ts',
    from: "read(readme).replaceAll(/\\]\\((?=[\\w-]+\\.md)/g, '](docs/')",
    to: 'read(readme)',
    test: packed,
    title: 'A20: no link of its pages leads to a file that is not there',
  },
]
