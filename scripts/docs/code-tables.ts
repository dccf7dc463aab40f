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
  const interfaces = new Map(
    source.statements.filter(ts.isInterfaceDeclaration).map((it) => [it.name.text, it.members]),
  )

  /** The names of a type's members: written there, of an interface of the file, or of both together. */
  function namesOf(type: ts.TypeNode | undefined): string[] {
    if (type === undefined) return []
    if (ts.isIntersectionTypeNode(type)) return type.types.flatMap(namesOf)
    const members = ts.isTypeLiteralNode(type) ? type.members : interfaces.get(type.getText())
    return members?.map((each) => each.name?.getText() ?? '') ?? []
  }

  const events = [...(interfaces.get('LogFields') ?? [])].filter(ts.isPropertySignature)
  return new Map(
    events.map(({ name, type }) => [name.getText().replaceAll("'", ''), namesOf(type)]),
  )
}
