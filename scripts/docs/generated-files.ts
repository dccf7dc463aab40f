import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventTable, problemTable } from './code-tables.ts'
import { configurationPage } from './configuration-page.ts'
import { environmentExample } from './environment-example.ts'
import { fillIn } from './markdown.ts'

export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** Every file of which some part is made from the code, as it should read. */
export function generatedFiles(root: string): GeneratedFile[] {
  const page = (path: string) => readFileSync(join(root, path), 'utf8')
  return [
    { path: '.env.example', text: environmentExample() },
    { path: 'docs/configuration.md', text: configurationPage(root) },
    {
      path: 'docs/endpoints.md',
      text: fillIn(page('docs/endpoints.md'), 'problems', problemTable()),
    },
    {
      path: 'docs/operations.md',
      text: fillIn(page('docs/operations.md'), 'events', eventTable(root)),
    },
  ]
}
