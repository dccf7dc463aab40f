import ts from 'typescript'
import { type Finding, type House, isSource, isTest } from './house.ts'

// Reading a file into a tree takes a while, and few files hold any of these words.
const worthReading = /\bprocess\b|^(?:export )?(?:let|var)\b|\bnew (?:Weak)?(?:Map|Set)\b/m

/** lib/ reads the environment in one file, and keeps no state in modules. */
export function checkLibPurity(house: House): Finding[] {
  const findings: Finding[] = []
  for (const [file, text] of house) {
    if (!file.startsWith('lib/') || !isSource(file) || isTest(file)) continue
    if (!worthReading.test(text)) continue
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
    const report = (node: ts.Node, message: string) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      findings.push({ file, line: line + 1, message })
    }
    for (const statement of source.statements) {
      if (isModuleState(statement)) report(statement, 'keeps state in the module: pass it in')
    }
    if (file !== 'lib/config/env.ts') {
      findEnvironment(source, (node) =>
        report(node, 'reads process.env: that is for lib/config/env.ts'),
      )
    }
  }
  return findings
}

/** `let` and `var`, and collections that are empty at first and so are there to be filled. */
function isModuleState(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return false
  const { declarations, flags } = statement.declarationList
  return !(flags & ts.NodeFlags.Const) || declarations.some(isEmptyCollection)
}

function isEmptyCollection({ initializer }: ts.VariableDeclaration): boolean {
  return (
    initializer !== undefined &&
    ts.isNewExpression(initializer) &&
    ts.isIdentifier(initializer.expression) &&
    /^(Weak)?(Map|Set)$/.test(initializer.expression.text) &&
    (initializer.arguments?.length ?? 0) === 0
  )
}

function findEnvironment(node: ts.Node, report: (node: ts.Node) => void): void {
  if (readsEnvironment(node)) report(node)
  ts.forEachChild(node, (child) => findEnvironment(child, report))
}

function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) {
    return node.name.text === 'env' && isProcess(node.expression)
  }
  if (ts.isElementAccessExpression(node)) return isProcess(node.expression)
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return /^(node:)?process$/.test(node.moduleSpecifier.text)
  }
  // const { env } = process
  return ts.isVariableDeclaration(node) && !!node.initializer && isProcess(node.initializer)
}

function isProcess(node: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'process'
  return ts.isIdentifier(node) && node.text === 'process'
}
