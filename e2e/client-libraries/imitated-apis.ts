import type { IncomingMessage, ServerResponse } from 'node:http'

export interface ImitatedApisOptions {
  /** Numbers that the answer of the language model is made of. */
  count: () => AsyncGenerator<number>
  /** Gets the offset of every part of an upload. */
  uploads: number[]
}

/** Bytes after which the connection of one upload breaks. */
const breaksAfter = 50_000

/** What takes no package to be understood: plain JSON, tus, and the streams of OpenAI. */
export function createImitatedApis({ count, uploads }: ImitatedApisOptions) {
  let kept = Buffer.alloc(0)
  let size = 0

  async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(String(await readBody(request)))
    const { method, url } = request
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url, body }))
  }

  /** https://tus.io/protocols/resumable-upload, as much as one upload at a time needs. */
  async function tus(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request
    response.setHeader('tus-resumable', '1.0.0')
    if (method === 'POST') {
      kept = Buffer.alloc(0)
      size = Number(headers['upload-length'])
      response.setHeader('location', `http://${headers.host}/files/1`)
      response.writeHead(201).end()
      return
    }
    if (method === 'PATCH') {
      uploads.push(Number(headers['upload-offset']))
      const breaks = uploads.length === 2
      const part = await readBody(request, breaks ? breaksAfter : undefined)
      kept = Buffer.concat([kept, part])
      if (breaks) {
        request.destroy()
        return
      }
    }
    response.setHeader('upload-length', size)
    response.setHeader('upload-offset', kept.length)
    // The file itself, for whoever wants to compare.
    if (method === 'GET') response.end(kept)
    else response.writeHead(method === 'PATCH' ? 204 : 200).end()
  }

  async function completions(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { model } = JSON.parse(String(await readBody(request)))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for await (const number of count()) {
      const choices = [{ index: 0, delta: { content: `${number} ` }, finish_reason: null }]
      const chunk = { id: '1', object: 'chat.completion.chunk', created: 1, model, choices }
      response.write(`data: ${JSON.stringify(chunk)}\n\n`)
    }
    response.end('data: [DONE]\n\n')
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? ''
    if (path.startsWith('/echo')) await echo(request, response)
    else if (path.startsWith('/files')) await tus(request, response)
    else if (path === '/v1/chat/completions') await completions(request, response)
    else response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"none"}')
  }
}

/** All of it, or its first bytes. */
export async function readBody(request: IncomingMessage, most?: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    parts.push(part)
    length += part.length
    if (most !== undefined && length >= most) break
  }
  return Buffer.concat(parts).subarray(0, most)
}
