/**
 * A provider that answers at once: its endpoints do no more than a sign-in and a refresh need. The code of a
 * sign-in is its nonce, so nothing has to be remembered.
 */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'RS256' }
const header = encode({ alg: 'RS256', kid: 'bench' })
let signIns = 0

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function idToken(nonce: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, aud: 'bench', sub: `user-${signIns++}`, sid: randomUUID(), nonce }
  const text = `${header}.${encode({ ...claims, iat: now, exp: now + 300, name: 'Alice' })}`
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return new URLSearchParams(text)
}

function tokens(body: URLSearchParams) {
  const nonce = body.get('code')
  return {
    access_token: `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(600)}`,
    token_type: 'Bearer',
    expires_in: Number(process.env.BENCH_EXPIRES_IN ?? 3600),
    refresh_token: randomUUID(),
    ...(nonce === null ? {} : { id_token: idToken(nonce) }),
  }
}

const server = createServer(async (request, response) => {
  const answer = (value: unknown) =>
    response
      .writeHead(200, { 'content-type': 'application/json', date: new Date().toUTCString() })
      .end(JSON.stringify(value))
  if (request.url === '/jwks') return void answer({ keys: [jwk] })
  if (request.url !== '/token') return void answer(metadata)
  answer(tokens(await bodyOf(request)))
})

let issuer = ''
let metadata = {}
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  issuer = `http://127.0.0.1:${port}`
  metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
  }
  process.send?.({ port })
})
process.on('disconnect', () => process.exit())
