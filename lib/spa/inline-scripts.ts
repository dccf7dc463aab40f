import { createHash } from 'node:crypto'
import { type DefaultTreeAdapterMap, parse } from 'parse5'

type Node = DefaultTreeAdapterMap['node']

/**
 * Sources for a policy that lets the inline scripts of a page run, and no others: one for each script element, and
 * for the handlers in attributes (`onload="…"`, as Angular has it at its stylesheets) with the word that makes
 * hashes count for them (CSP Level 3 section 8.3).
 */
export function inlineScripts(html: string): readonly string[] {
  const scripts = new Set<string>()
  const handlers = new Set<string>()
  const visit = (node: Node): void => {
    if ('attrs' in node) {
      for (const { name, value } of node.attrs) {
        if (name.startsWith('on')) handlers.add(sourceOf(value))
      }
      if (node.tagName === 'script' && !node.attrs.some(({ name }) => name === 'src')) {
        const text = node.childNodes.map((child) => ('value' in child ? child.value : '')).join('')
        if (text !== '') scripts.add(sourceOf(text))
      }
    }
    if ('content' in node) visit(node.content)
    if ('childNodes' in node) for (const child of node.childNodes) visit(child)
  }
  visit(parse(html))
  return [...scripts, ...(handlers.size > 0 ? ["'unsafe-hashes'", ...handlers] : [])]
}

function sourceOf(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`
}
