import { posix } from 'node:path'
import { type Finding, type House, lineAt } from './house.ts'

const link = /\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g

/** Links of our pages to files, folders and headings of ours: all of them are there. */
export function checkMarkdownLinks(house: House, exists: (path: string) => boolean): Finding[] {
  const findings: Finding[] = []
  for (const [file, text] of house) {
    if (!file.endsWith('.md')) continue
    for (const match of withoutCode(text).matchAll(link)) {
      const target = match[1] ?? ''
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue
      const message = objection(file, target, house, exists)
      if (message) findings.push({ file, line: lineAt(text, match.index), message })
    }
  }
  return findings
}

function objection(
  file: string,
  target: string,
  house: House,
  exists: (path: string) => boolean,
): string | undefined {
  const [page = '', heading] = target.split('#')
  const path = page === '' ? file : posix.join(posix.dirname(file), decodeURIComponent(page))
  if (!house.has(path) && !exists(path)) return `links to ${target}: there is no ${path}`
  if (heading === undefined || !path.endsWith('.md')) return undefined
  return headings(house.get(path) ?? '').includes(heading)
    ? undefined
    : `links to ${target}: ${path} has no such heading`
}

/** Anchors as GitHub makes them. */
function headings(text: string): string[] {
  return [...withoutFences(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

/** Code is no link. Its characters become spaces, so that positions stay. */
function withoutCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, blank)
}

function withoutFences(text: string): string {
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, blank)
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
