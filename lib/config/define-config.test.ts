import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { configSchema } from './schema.ts'
import { entryOf, namesAt, shapeOf } from './schema-tree.ts'

const root = join(import.meta.dirname, '../..')
const file = join(root, 'of-an-adopter.config.ts')

let written = ''
let version = 0
const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
const service = ts.createLanguageService({
  ...ts.sys,
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  getCompilationSettings: () => options,
  getCurrentDirectory: () => root,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  getScriptFileNames: () => [file],
  getScriptVersion: (path) => (path === file ? String(version) : '1'),
  getScriptSnapshot: (path) => {
    const text = path === file ? written : ts.sys.readFile(path)
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
  },
  fileExists: (path) => path === file || ts.sys.fileExists(path),
})

/** What an editor says when somebody has written `defineConfig(argument)`. */
function editorWith(argument: string) {
  const before = "import { defineConfig } from '#lib/config/define-config.ts'\n\ndefineConfig("
  written = `${before}${argument})\n`
  version++
  return {
    hover: (position: number) => {
      const info = service.getQuickInfoAtPosition(file, before.length + position)
      return {
        type: ts.displayPartsToString(info?.displayParts),
        text: ts.displayPartsToString(info?.documentation),
      }
    },
    completions: (after: string) => {
      const position = before.length + argument.indexOf(after) + after.length
      const { entries } = service.getCompletionsAtPosition(file, position, {}) ?? {}
      return entries?.map(({ name }) => name).sort()
    },
    complaints: () =>
      service
        .getSemanticDiagnostics(file)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  }
}

interface Written {
  readonly text: string
  /** Where each setting is named. */
  readonly places: readonly (readonly [setting: string, position: number])[]
}

/** Every setting below a schema, written down once. */
function everySetting(schema: unknown, prefix = ''): Written {
  let text = '{'
  const places: [string, number][] = []
  for (const [name, value] of Object.entries(shapeOf(schema))) {
    places.push([prefix + name, text.length + 1])
    text += ` ${name}: `
    const entry = entryOf(value)
    const below = everySetting(entry ?? value, `${prefix}${name}.`)
    if (below.places.length === 0) {
      text += 'undefined as never,'
      continue
    }
    if (entry) text += '{ one: '
    for (const [setting, position] of below.places) places.push([setting, text.length + position])
    text += entry ? `${below.text} },` : `${below.text},`
  }
  return { text: `${text} }`, places }
}

describe('what an editor shows in bff.config.ts', () => {
  test('the text of every setting', () => {
    const { text, places } = everySetting(configSchema)
    const editor = editorWith(text)
    assert.ok(places.length > 80, `only ${places.length}`)
    for (const [setting, position] of places) {
      assert.match(editor.hover(position).text, /^\S.*\.$/s, setting)
    }
  })

  test('its exact type', () => {
    const { text, places } = everySetting(configSchema)
    const editor = editorWith(text)
    const typeOf = (setting: string) =>
      editor.hover(places.find(([name]) => name === setting)?.[1] ?? 0).type
    assert.match(typeOf('session.idle'), /idle\?: Duration\b/)
    assert.match(typeOf('session.sameSite'), /sameSite\?: "strict" \| "lax"/)
    assert.match(typeOf('remotes.target'), /target: string$/)
    assert.match(typeOf('remotes.maxBody'), /maxBody\?: ByteSize/)
    assert.match(typeOf('claims'), /ClaimsHook/)
  })

  test('the names and values to choose from', () => {
    const editor = editorWith(`{ session: { sameSite: '' }, spa: {  } }`)
    assert.deepEqual(editor.completions('spa: { '), namesAt(configSchema, ['spa']).sort())
    assert.deepEqual(editor.completions("sameSite: '"), ['lax', 'strict'])
  })

  test('a name or a value that is not possible is underlined', () => {
    const wrong: [argument: string, says: RegExp][] = [
      ['{ session: { idel: 60 } }', /'idel' does not exist/],
      ['{ sesion: {} }', /'sesion' does not exist.*Did you mean to write 'session'/],
      ["{ session: { idle: 'soon' } }", /"soon"/],
      ["{ remotes: { api: { target: 'https://a.example', token: 'users' } } }", /"users"/],
      ['{ remotes: { api: {} } }', /'target' is missing/],
    ]
    for (const [argument, says] of wrong) {
      const complaints = editorWith(argument).complaints()
      assert.match(complaints.join('\n'), says, argument)
    }
    const right = `{
      session: { idle: '30m' },
      remotes: { api: { target: 'https://a.example', token: async ({ user, remote }) => user?.sub ?? remote } },
      claims: ({ claims, reason }) => ({ ...claims, reason: reason.toUpperCase() }),
    }`
    assert.deepEqual(editorWith(right).complaints(), [])
  })
})
