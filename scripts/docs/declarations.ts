import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** One setting, as its declaration describes it. */
export interface Declaration {
  /** `remotes.*.headers.add` */
  readonly name: string
  readonly type: string
  /** Text of `@default`, usually a literal. */
  readonly fallback?: string
  readonly meaning: string
  /** Has settings of its own below it. */
  readonly group: boolean
}

const files = [
  ...['define-config.ts', 'oidc-config.ts', 'remote-config.ts', 'client-config.ts'],
  'tls-config.ts',
]

/** Reads every setting of `Config` with the comment that editors show for it. */
export function readDeclarations(root: string): Declaration[] {
  const interfaces = new Map<string, ts.InterfaceDeclaration>()
  for (const file of files) {
    const path = join(root, 'lib/config', file)
    const source = ts.createSourceFile(
      path,
      readFileSync(path, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    )
    for (const statement of source.statements) {
      if (ts.isInterfaceDeclaration(statement)) interfaces.set(statement.name.text, statement)
    }
  }
  return membersOf('Config', '', interfaces)
}

function membersOf(
  name: string,
  prefix: string,
  interfaces: ReadonlyMap<string, ts.InterfaceDeclaration>,
): Declaration[] {
  const members = interfaces.get(name)?.members.filter(ts.isPropertySignature) ?? []
  return members.flatMap((member) => {
    const path = prefix + member.name.getText()
    const type = oneLine(member.type?.getText() ?? 'unknown')
    const entries = /^Record<string, (\w+)>$/.exec(type)?.[1]
    const below = interfaces.has(type)
      ? membersOf(type, `${path}.`, interfaces)
      : membersOf(entries ?? '', `${path}.*.`, interfaces)
    const fallback = tagText(member, 'default')
    const own = {
      name: path,
      type,
      meaning: commentText(member),
      ...(fallback === undefined ? {} : { fallback }),
      group: below.length > 0,
    }
    return [own, ...below]
  })
}

function commentText(member: ts.PropertySignature): string {
  const comments = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc)
  return oneLine(comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' '))
}

function tagText(member: ts.PropertySignature, name: string): string | undefined {
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === name)
  const text = tag && ts.getTextOfJSDocComment(tag.comment)
  return text === undefined ? undefined : oneLine(text)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
