import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { keepHeadBytes } from './head-bytes.ts'
import { perProcess } from './per-process.ts'

/** A header's name and value, a line of a head. */
export type HeadLine = [name: string, value: string]

/**
 * Next writes the heads of route handlers anew: it drops `Content-Length`, since it cannot know that it is true
 * (P28), splits `Set-Cookie` at its commas, and joins the lines of any other name (P4). So a head is told in a
 * header of ours, which nobody else can write, as its value begins with a word that only this process knows; when
 * the head is written its lines become what they were.
 */
const header = 'x-cloakroom-head'

/** What Next takes for the beginning of another cookie. RFC 6265 section 4.1.1 knows one cookie a line. */
const nextCookie = /,[^=;,]*=/

const known = perProcess<string>('answerHeads')

/** Begins to mend the heads of all answers of ours in this process. Again is once. */
export function keepAnswerHeads(isRemote: (request: IncomingMessage) => boolean): void {
  if (known.get() !== undefined) return
  const word = known.getOrMake(() => randomBytes(16).toString('base64url'))
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    if (isRemote(request)) keepHeadBytes(response)
    keepHead(response, word)
  })
}

/**
 * Tells the head of an answer, where somebody will hear it. Where nobody does (on Vercel), a cookie that Next would
 * make two of is left out: the second could be one of ours, from the hand of an API.
 */
export function tellHead({ headers }: Response, lines: Iterable<HeadLine> = headers): void {
  const told = [...lines]
  const cookies = headers.getSetCookie()
  const unbroken = cookies.filter((cookie) => !nextCookie.test(cookie))
  if (unbroken.length < cookies.length) {
    headers.delete('set-cookie')
    for (const cookie of unbroken) headers.append('set-cookie', cookie)
  }
  const word = known.get()
  if (word !== undefined) headers.set(header, `${word}.${JSON.stringify(told)}`)
}

function keepHead(response: ServerResponse, word: string): void {
  const writeHead = response.writeHead
  response.writeHead = (...args: unknown[]) => {
    const said = String(response.getHeader(header))
    response.removeHeader(header)
    if (said.startsWith(`${word}.`)) {
      setLines(response, JSON.parse(said.slice(word.length + 1)) as HeadLine[])
    }
    return writeHead.apply(response, args as Parameters<typeof writeHead>)
  }
}

function setLines(response: ServerResponse, told: readonly HeadLine[]): void {
  const linesOf = new Map<string, string[]>()
  for (const [name, value] of told) {
    const key = name.toLowerCase()
    const lines = linesOf.get(key)
    if (lines) lines.push(value)
    else linesOf.set(key, [value])
  }
  // What Next has set stays where it is, so a length comes behind it: Node takes a `Content-Disposition` that comes
  // after one for no text of Latin-1 (P23).
  for (const [name, [first = '', ...more]] of linesOf) {
    response.setHeader(name, more.length > 0 ? [first, ...more] : first)
  }
}
