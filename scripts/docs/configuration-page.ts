import { variables } from '../../lib/config/variables.ts'
import { type Declaration, readDeclarations } from './declarations.ts'
import { defaultOf } from './environment-example.ts'
import { code, table } from './markdown.ts'

/** docs/configuration.md: both halves of the configuration, from the declarations that the code uses. */
export function configurationPage(root: string): string {
  const declarations = readDeclarations(root)
  return `# Configuration

<!-- Made by scripts/generate-docs.ts from lib/config. Edit the declarations there, not this page. -->

Secrets and addresses come from the environment, structure from \`bff.config.ts\`. Everything is checked
together when the process starts; every problem is reported at once, with the name of the setting and the
fix, and then the process does not start. What is risky but possible is noted in the log (\`config.note\`).

## Environment

${variableTable()}

An empty variable counts as one that is not set. \`secretEnv\` and \`keyEnv\` of a machine client may name
further variables.

## bff.config.ts

\`\`\`ts
import { defineConfig } from 'cloakroom'

export default defineConfig({
  remotes: {
    orders: { target: 'https://api.example.com/orders', token: 'user' },
    prices: { target: 'https://prices.example.com', token: 'client', client: 'catalog' },
  },
  clients: { catalog: { scope: 'catalog' } },
  session: { idle: '30m', absolute: '8h' },
})
\`\`\`

Or the same names in the JSON file that \`BFF_CONFIG_FILE\` names, which then stands in for \`bff.config.ts\`.
A duration is a number of seconds, or \`'90s'\`, \`'30m'\`, \`'8h'\`, \`'7d'\`. An unknown name is refused.

${sections(declarations).join('\n\n')}
`
}

function variableTable(): string {
  const rows = Object.entries(variables).map(([name, variable]) => [
    code(name),
    defaultOf(variable),
    variable.meaning,
  ])
  return table(['variable', 'default', 'meaning'], rows)
}

/** A table for the names without a group, then one for each group. */
function sections(declarations: readonly Declaration[]): string[] {
  const top = declarations.filter(({ name, group }) => !name.includes('.') && !group)
  const groups = declarations.filter(({ name, group }) => !name.includes('.') && group)
  return [
    settingTable(top),
    ...groups.map((group) => {
      const below = declarations.filter(({ name }) => name.startsWith(`${group.name}.`))
      return `### ${code(group.name)}\n\n${group.meaning}\n\n${settingTable(below)}`
    }),
  ]
}

function settingTable(declarations: readonly Declaration[]): string {
  const rows = declarations.map(({ name, type, fallback, meaning, group }) => [
    code(name),
    code(group ? 'object' : type),
    code(fallback ?? ''),
    meaning,
  ])
  return table(['name', 'type', 'default', 'meaning'], rows)
}
