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
  for (const each of sent) {
    if (each.length >= shortest) text = text.replaceAll(each, mark)
  }
  text = text.replaceAll(word, (it) => (sent.some((each) => each.includes(it)) ? mark : it))
  const said = redactMessage(text.replaceAll(/\p{C}+/gu, ' '), longest).trim()
  return said === '' ? undefined : said
}
