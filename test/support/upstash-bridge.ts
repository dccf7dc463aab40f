import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createClient, RESP_TYPES } from '@redis/client'

/** Upstash's REST protocol in front of a real Redis server, as far as its client speaks it. */
export interface UpstashBridge {
  readonly url: string
  readonly token: string
  /** Every request so far: its path, its commands, and its headers. */
  readonly requests: readonly BridgeRequest[]
  /** From now on every request is answered so, or not at all. */
  answerWith(answer: 'truth' | 'silence' | { status: number; body: string }): void
  /** The next request is carried out, and its connection closed instead of an answer. */
  hangUpOnce(): void
  close(): Promise<void>
}

export interface BridgeRequest {
  readonly path: string
  readonly commands: readonly (readonly string[])[]
  readonly headers: IncomingMessage['headers']
}

type Reply = { result: unknown } | { error: string }
type Send = (command: readonly string[]) => Promise<Reply>

/** @param redisUrl the server that does the work */
export async function startUpstashBridge(redisUrl: string): Promise<UpstashBridge> {
  const token = 'bridge-token'
  const requests: BridgeRequest[] = []
  let hangUp = false
  let answer: Parameters<UpstashBridge['answerWith']>[0] = 'truth'
  // RESP2, whose replies have the shapes that Upstash's JSON has; bytes, so that base64 is exact.
  const client = createClient({ url: redisUrl, RESP: 2 }).withTypeMapping({
    [RESP_TYPES.BLOB_STRING]: Buffer,
  })
  client.on('error', () => {})
  await client.connect()

  const send: Send = async (command) => {
    try {
      return { result: await client.sendCommand([...command]) }
    } catch (error) {
      return { error: (error as Error).message }
    }
  }

  async function handle(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.headers.authorization !== `Bearer ${token}`) {
      return { status: 401, body: { error: 'WRONGPASS invalid or missing auth token' } }
    }
    const path = request.url ?? '/'
    const body = JSON.parse(await text(request))
    const commands: string[][] = (path === '/' ? [body] : body).map((c: unknown[]) => c.map(String))
    requests.push({ path, commands, headers: request.headers })
    const replies =
      path === '/multi-exec' ? await transaction(send, commands) : await inTurn(send, commands)
    const encoded = replies.map((reply) =>
      'error' in reply
        ? reply
        : { result: encode(reply.result, request.headers['upstash-encoding']) },
    )
    if (path !== '/') return { status: 200, body: encoded }
    const [only] = encoded
    return { status: only && 'error' in only ? 400 : 200, body: only }
  }

  const server = createServer(async (request, response) => {
    if (answer === 'silence') return
    const { status, body } =
      answer === 'truth' ? await handle(request) : { status: answer.status, body: answer.body }
    if (hangUp) {
      hangUp = false
      return void request.socket.destroy()
    }
    response.writeHead(status, {
      'content-type': 'application/json',
      'upstash-sync-token': 'sync-1',
    })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')

  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    requests,
    answerWith(next) {
      answer = next
    },
    hangUpOnce() {
      hangUp = true
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      client.destroy()
    },
  }
}

/** A pipeline: not atomic, and one command's error is that command's alone. */
async function inTurn(send: Send, commands: readonly string[][]): Promise<Reply[]> {
  return Promise.all(commands.map(send))
}

async function transaction(send: Send, commands: readonly string[][]): Promise<Reply[]> {
  const replies = await Promise.all([['MULTI'], ...commands, ['EXEC']].map(send))
  const executed = replies.at(-1)
  if (!executed || 'error' in executed) return commands.map(() => ({ error: 'EXECABORT' }))
  return (executed.result as unknown[]).map((result) => ({ result }))
}

/** Strings in base64 when the client asked for it, but for the status `OK`; numbers and null as they are. */
function encode(value: unknown, encoding: string | string[] | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => encode(item, encoding))
  if (value === 'OK') return value
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return value
  const bytes = Buffer.from(value)
  return encoding === 'base64' ? bytes.toString('base64') : bytes.toString()
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
