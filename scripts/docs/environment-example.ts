import type { Variable } from '../../lib/config/env.ts'
import { variables } from '../../lib/config/variables.ts'
import { code } from './markdown.ts'

/** .env.example: every variable that an operator may set, all of them commented out. */
export function environmentExample(): string {
  const entries = Object.entries(variables)
    .filter(([name]) => !name.startsWith('VERCEL') && name !== 'NODE_ENV')
    .map(([name, variable]) =>
      [
        `# ${plain(variable.meaning)}`,
        ...(defaultOf(variable) ? [`# Default: ${plain(defaultOf(variable))}.`] : []),
        `#${name}=${variable.example ?? ''}`,
        '',
      ].join('\n'),
    )
  return `# Settings from the environment. Made by scripts/generate-docs.ts from lib/config.
# The example values are no defaults, and there is no example of a secret on purpose.

${entries.join('\n')}`
}

/** What holds when a variable is not set; the empty string when it has to be. */
export function defaultOf({ default: value, defaultInWords = '' }: Variable): string {
  return value === undefined ? defaultInWords : code(value)
}

function plain(markdown: string): string {
  return markdown.replaceAll('`', '')
}
