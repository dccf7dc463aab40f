import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRemoteTarget } from '../remote/match-route.ts'
import { keepHeadBytes } from './head-bytes.ts'
import { perProcess } from './per-process.ts'

/**
 * Next drops `Content-Length` from the answers of route handlers, since it cannot know that it is true (P28).
 * It is told in a header of ours, which nobody else can write, as its value begins with a word that only this
 * process knows; when the head is written it becomes the length again.
 */
const header = 'x-cloakroom-length'

const known = perProcess<string>('answerHeads')

/** Begins to mend the heads of all answers of APIs in this process. Again is once. */
export function keepAnswerHeads(): void {
  if (known.get() !== undefined) return
  const word = known.getOrMake(() => randomBytes(16).toString('base64url'))
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    if (!isRemoteTarget(request.url ?? '')) return
    keepHeadBytes(response)
    keepLength(response, word)
  })
}

/** Tells the length of an answer's body, where somebody will hear it. */
export function tellLength({ headers }: Response): void {
  const length = headers.get('content-length')
  const word = known.get()
  if (length !== null && word !== undefined) headers.set(header, `${word}.${length}`)
}

function keepLength(response: ServerResponse, word: string): void {
  const writeHead = response.writeHead
  response.writeHead = (...args: unknown[]) => {
    const [said, length] = String(response.getHeader(header)).split('.')
    response.removeHeader(header)
    // Behind all others: Node takes a `Content-Disposition` that comes after a length for no text of Latin-1.
    if (said === word && length) response.setHeader('content-length', length)
    return writeHead.apply(response, args as Parameters<typeof writeHead>)
  }
}
