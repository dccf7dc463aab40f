import { type Variable, variables } from '../../lib/config/variables.ts'

/** .env.example: every variable that an operator may set, all of them commented out. */
export function environmentExample(): string {
  const entries = Object.entries<Variable>(variables)
    .filter(([name]) => !name.startsWith('VERCEL') && name !== 'NODE_ENV')
    .map(([name, { meaning, fallback, example }]) =>
      [
        `# ${meaning.replaceAll('`', '')}`,
        ...(fallback ? [`# Default: ${fallback.replaceAll('`', '')}.`] : []),
        `#${name}=${example ?? ''}`,
        '',
      ].join('\n'),
    )
  return `# Settings from the environment. Made by scripts/generate-docs.ts from lib/config/variables.ts.
# The example values are no defaults, and there is no example of a secret on purpose.

${entries.join('\n')}`
}
