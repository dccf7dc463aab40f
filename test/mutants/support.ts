import type { Mutant } from './mutant.ts'

const test = 'test/support/http-browser.test.ts'
const sends = 'Q2: with ${title} it sends the cookies that browsers send'

export const mutants: readonly Mutant[] = [
  {
    row: 'Q2',
    file: 'test/support/same-site.ts',
    from: `how.dest === 'document' ? how.through : []`,
    to: `[]`,
    test,
    title: sends,
  },
  {
    row: 'Q2',
    file: 'test/support/same-site.ts',
    from: `return sameSite === 'lax' && how.dest === 'document' && safe`,
    to: `return sameSite === 'lax' && how.dest === 'document'`,
    test,
    title: sends,
  },
  {
    row: 'Q2',
    file: 'test/support/cookie-jar.ts',
    from: `if (sameSite === 'none' && !attributes.has('secure')) return`,
    to: ``,
    test,
    title: sends,
  },
  {
    row: 'Q2',
    file: 'test/support/http-browser.ts',
    from: `open = redirection(answer) ?? url`,
    to: `open = url`,
    test,
    title: 'Q2: it is where its last redirect leads',
  },
]
