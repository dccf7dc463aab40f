import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { problems } from '../../lib/http/problem.ts'
import { eventLevels } from '../../lib/telemetry/log.ts'
import { code, table } from './markdown.ts'

/** The problems that a browser may see, by status. */
export function problemTable(): string {
  const rows = Object.entries(problems).map(([name, [status, title]]) => [
    code(name),
    String(status),
    title,
  ])
  return table(['code', 'status', 'title'], rows)
}

/** The events of the log with their levels and fields. */
export function eventTable(root: string): string {
  const fields = readEventFields(join(root, 'lib/telemetry/log.ts'))
  const rows = Object.entries(eventLevels).map(([event, level]) => [
    code(event),
    level,
    (fields.get(event) ?? []).map(code).join(', '),
  ])
  return table(['event', 'level', 'fields'], rows)
}

function readEventFields(path: string): Map<string, string[]> {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const fields = new Map<string, string[]>()
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== 'LogFields') continue
    for (const member of statement.members) {
      if (!ts.isPropertySignature(member) || !member.type || !ts.isTypeLiteralNode(member.type))
        continue
      const names = member.type.members.map((each) => each.name?.getText() ?? '')
      fields.set(member.name.getText().replaceAll("'", ''), names)
    }
  }
  return fields
}
