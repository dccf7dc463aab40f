import { redactMessage } from '../telemetry/redaction.ts'

/** A description is for people, and this much of one tells them enough. */
const longest = 300
/** Shorter values are no credentials, and stand in words by chance. */
const shortest = 8
/** What may be a piece of one. */
const word = /[^\s"'<>()[\],;:]{8,}/g
const mark = '[redacted]'

/**
 * `error_description` for a log: one line of 300 characters at most, without anything like a token, and without
 * the values that we sent, or pieces of them (A3). Undefined when it is no text, or says nothing.
 * @param sent the values of the request that it answers, but for those that are no secret
 */
export function errorDescription(value: unknown, sent: readonly string[]): string | undefined {
  if (typeof value !== 'string') return undefined
  let text = value.slice(0, 4 * longest)
  for (const each of sent.flatMap(spellings)) {
    if (each.length >= shortest) text = text.replaceAll(new RegExp(escaped(each), 'gi'), mark)
  }
  const known = sent.map((each) => each.toLowerCase())
  const isPiece = (it: string) => known.some((each) => each.includes(it.toLowerCase()))
  text = text.replaceAll(word, (it) => (isPiece(it) ? mark : it))
  const said = redactMessage(text.replaceAll(/\p{C}+/gu, ' '), longest).trim()
  return said === '' ? undefined : said
}

/** `RegExp.escape`, which Node 22 lacks. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** As it was sent, and as a page, a form or JSON would repeat it. */
function spellings(value: string): string[] {
  const inHtml = value.replace(/[&<>"']/g, (it) => entities[it] ?? it)
  const numbered = value.replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`)
  const inForm = new URLSearchParams({ v: value }).toString().slice(2)
  const encoded = [encodeURIComponent(value), inForm, JSON.stringify(value).slice(1, -1)]
  return [...new Set([value, inHtml, numbered, ...encoded])]
}

const entities: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
}
