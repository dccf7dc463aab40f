import assert from 'node:assert/strict'
import { connect } from 'node:net'

/** What a browser with a session of the remote fixture sends along with a same-origin fetch. */
export const browserHeaders = { 'sec-fetch-site': 'same-origin', cookie: 'sid=alice' }

export interface RawAnswer {
  status: number
  /** Lower-case names; several lines of a name are joined with `, `. */
  headers: Record<string, string>
  rawHeaders: [string, string][]
  body: string
  /** The answer ended as its framing promised. */
  complete: boolean
}

/**
 * Sends bytes as they are and reads the answer until its end or the connection's: what `fetch` would
 * tidy up stays as the test wrote it.
 */
export async function rawRequest(port: number, text: string): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(text, 'latin1')
  const isHead = text.startsWith('HEAD ')
  let received = ''
  const done = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      received += data.toString('latin1')
      if (parseAnswer(received, isHead)?.complete) resolve()
    })
    socket.on('close', () => resolve())
  })
  await done
  socket.destroy()
  const answer = parseAnswer(received, isHead)
  assert.ok(answer, `no answer, but: ${JSON.stringify(received)}`)
  return answer
}

export interface GetOptions {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** A request as a browser with a session would send it. */
export function request(
  port: number,
  target: string,
  options: GetOptions = {},
): Promise<RawAnswer> {
  const { method = 'GET', body } = options
  const headers: Record<string, string> = { host: 'app.example', ...browserHeaders }
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
  Object.assign(headers, options.headers)
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return rawRequest(port, `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`)
}

function parseAnswer(text: string, isHead: boolean): RawAnswer | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const rest = text.slice(headEnd + 4)
  if (status < 200) return parseAnswer(rest, isHead)
  const rawHeaders = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const headers: Record<string, string> = {}
  for (const [name, value] of rawHeaders) {
    const key = name.toLowerCase()
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  const base = { status, headers, rawHeaders }
  if (isHead || status === 204 || status === 304) return { ...base, body: rest, complete: true }
  if (headers['transfer-encoding'] === 'chunked') return { ...base, ...unchunk(rest) }
  const length = headers['content-length']
  const body = length === undefined ? rest : rest.slice(0, Number(length))
  return { ...base, body, complete: body.length === Number(length ?? Number.NaN) }
}

function unchunk(text: string): { body: string; complete: boolean } {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return { body, complete: false }
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (size === 0) return { body, complete: text.startsWith('\r\n', lineEnd + 2) }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    if (text.length < lineEnd + 2 + size + 2) return { body, complete: false }
    at = lineEnd + 2 + size + 2
  }
}
