import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { configSchema } from '../../lib/config/schema.ts'
import { choicesOf, defaultOf, entryOf, shapeOf } from '../../lib/config/schema-tree.ts'

/** One setting, as its declaration describes it. */
export interface Declaration {
  /** `remotes.*.headers.add` */
  readonly name: string
  readonly type: string
  /** A literal: the schema's default, or the text of `@default` where a rule of the section decides. */
  readonly fallback?: string
  readonly meaning: string
  /** Has settings of its own below it. */
  readonly group: boolean
}

/** Every setting that the schema knows, with the text and the type that editors show for it. */
export function readDeclarations(root: string): Declaration[] {
  const { checker, config } = typeOfConfig(root)
  const all = settingsOf(configSchema, config, '', checker)
  const names = new Set(all.map(({ name }) => name))
  // What a frontend has as the top level has it, stands there.
  return all.filter(({ name }) => !name.startsWith(entry) || !names.has(name.slice(entry.length)))
}

const entry = 'frontends.*.'

function typeOfConfig(root: string): { checker: ts.TypeChecker; config: ts.Type } {
  const text = readFileSync(join(root, 'tsconfig.json'), 'utf8')
  const { compilerOptions } = ts.parseConfigFileTextToJson('tsconfig.json', text).config
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, root)
  const path = join(root, 'lib/config/schema.ts')
  const program = ts.createProgram([path], options)
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(path)
  const module = source && checker.getSymbolAtLocation(source)
  const exported = module && checker.tryGetMemberInModuleExports('Config', module)
  if (!exported) throw new Error('lib/config/schema.ts exports no Config')
  return { checker, config: checker.getDeclaredTypeOfSymbol(exported) }
}

function settingsOf(
  schema: unknown,
  owner: ts.Type,
  prefix: string,
  checker: ts.TypeChecker,
): Declaration[] {
  return Object.entries(shapeOf(schema)).flatMap(([key, value]) => {
    const member = owner.getProperty(key)
    if (!member) throw new Error(`Config lacks ${prefix}${key}, which the schema knows`)
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(member))
    const entry = entryOf(value)
    const entryType = type.getStringIndexType()
    const name = prefix + key
    const below =
      entry && entryType
        ? settingsOf(entry, entryType, `${name}.*.`, checker)
        : settingsOf(value, type, `${name}.`, checker)
    const fallback = below.length > 0 && !entry ? undefined : fallbackOf(value, member, checker)
    const own = {
      name,
      // The compiler has an order of its own.
      type: choicesOf(value)?.map(literal).join(' | ') ?? typeText(type, checker),
      meaning: oneLine(ts.displayPartsToString(member.getDocumentationComment(checker))),
      ...(fallback && { fallback }),
      group: below.length > 0,
    }
    return [own, ...below]
  })
}

function fallbackOf(
  schema: unknown,
  member: ts.Symbol,
  checker: ts.TypeChecker,
): string | undefined {
  const value = defaultOf(schema)
  if (value !== undefined) return literal(value)
  const tag = member.getJsDocTags(checker).find(({ name }) => name === 'default')
  return tag && oneLine(ts.displayPartsToString(tag.text))
}

function typeText(type: ts.Type, checker: ts.TypeChecker): string {
  const text = checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)
  return text.replaceAll('"', "'")
}

/** A value as the house writes it. */
function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  return JSON.stringify(value)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
