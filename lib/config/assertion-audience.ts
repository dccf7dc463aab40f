import { accepted, type Parsed, refused } from './parsed.ts'

/** `aud` of client assertions: one of two words, or a URI as RFC 7523 section 3 has it. */
export function parseAssertionAudience(value: unknown): Parsed<string> {
  const isWord = value === 'issuer' || value === 'endpoint'
  return isWord || (typeof value === 'string' && URL.canParse(value) && !value.includes('#'))
    ? accepted(value)
    : refused('is no audience', "write 'issuer', 'endpoint', or a URI such as https://host/path")
}
