import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')

/** What a snippet may leave out: names and files of the reader's app, and types of its parameters. */
const leftOut = new Set([2304, 2307, 2552, 2580, 2584, 7006, 7016, 7031, 18004])
/** Several files in one snippet say the same name. */
const severalFiles = new Set([2300, 2395, 2440, 2451, 2528])

test('A59: the lines of TypeScript in the docs are right for the compiler', {
  timeout: 120_000,
}, () => {
  const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })]
  const snippets = new Map(pages.flatMap((page) => snippetsOf(page)))
  assert.ok(snippets.size > 15, `${snippets.size} snippets`)
  assert.deepEqual(problemsOf(snippets), [])
})

test('A59: a name that no door has is noticed', () => {
  const wrong =
    "import { openBff, openBf } from 'cloakroom'\nawait (await openBff({})).userFech('x')"
  const told = problemsOf(new Map([[join(root, 'docs/x.1.ts'), wrong]]))
  assert.match(told.join('\n'), /no exported member named 'openBf'/)
  assert.match(told.join('\n'), /'userFech' does not exist/)
})

/** A module for each block: its place among the docs, and its text. */
function snippetsOf(page: string): [path: string, text: string][] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```(tsx?)\n(.*?)^```/gms)].map(({ index, 1: kind, 2: code = '' }) => {
    const line = text.slice(0, index).split('\n').length + 1
    return [join(root, `${page}.${line}.${kind}`), asModule(code)]
  })
}

/** A snippet that is only a property, `remotes: { … }`, is one of a configuration. */
function asModule(code: string): string {
  const isProperties = /^\s*(\/\/.*\n)*\w+: /.test(code)
  const module = isProperties
    ? `import { defineConfig } from 'cloakroom'\ndefineConfig({\n${code}})`
    : code
  return `${module}\nexport {}\n`
}

function problemsOf(snippets: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const settings = { ...options, noEmit: true, incremental: false }
  const host = ts.createCompilerHost(settings)
  const { fileExists, readFile } = host
  host.fileExists = (path) => snippets.has(path) || fileExists(path)
  host.readFile = (path) => snippets.get(path) ?? readFile(path)
  const program = ts.createProgram([...snippets.keys()], settings, host)
  return [...snippets.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]
    return found.filter(isWrong).map(({ code, messageText }) => {
      const what = ts.flattenDiagnosticMessageText(messageText, ' ')
      return `${path.slice(root.length + 1)} TS${code} ${what}`
    })
  })
}

function isWrong({ code, messageText }: ts.Diagnostic): boolean {
  if (code === 2307) return /'cloakroom/.test(String(messageText))
  return !leftOut.has(code) && !severalFiles.has(code)
}
