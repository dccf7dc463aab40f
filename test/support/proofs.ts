import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { calculateJwkThumbprint, EmbeddedJWK, importJWK, type JWK, jwtVerify } from 'jose'
import { listen } from './app.ts'

/** One request as its receiver saw it. */
export interface ProvenRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface CheckedProof {
  readonly jti: string
  readonly nonce: string | undefined
  /** Thumbprint of the key. */
  readonly jkt: string
}

/** Checks all that RFC 9449 section 4.3 asks of a proof but for replay and nonce, which it answers. */
export async function checkProof({ method, url, headers }: ProvenRequest): Promise<CheckedProof> {
  const { payload, protectedHeader } = await jwtVerify(String(headers.dpop), EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
  })
  const { jwk } = protectedHeader
  assert.deepEqual(Object.keys(jwk ?? {}).sort(), ['crv', 'kty', 'x', 'y'], 'a public key only')
  assert.equal(payload.htm, method)
  assert.equal(payload.htu, url.replace(/[?#].*$/, ''))
  assert.ok(Math.abs(Number(payload.iat) - Date.now() / 1000) < 60, `iat ${payload.iat}`)
  const [, token] = /^DPoP (\S+)$/.exec(String(headers.authorization)) ?? []
  const ath = token && createHash('sha256').update(token).digest('base64url')
  assert.equal(payload.ath, ath, 'ath is of the token that came along')
  assert.ok(payload.jti && payload.jti.length >= 16)
  return {
    jti: payload.jti,
    nonce: payload.nonce as string | undefined,
    jkt: await calculateJwkThumbprint(jwk as JWK),
  }
}

/** Checks a client assertion (RFC 7523 section 3) and answers its `jti`. */
export async function checkAssertion(
  params: URLSearchParams,
  expected: { audience: string; clientId: string; key: JsonWebKey },
): Promise<string> {
  const { d: _, ...publicKey } = expected.key
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  assert.equal(params.get('client_assertion_type'), type)
  assert.equal(params.get('client_secret'), null)
  const { payload } = await jwtVerify(
    params.get('client_assertion') ?? '',
    await importJWK(publicKey as JWK, 'ES256'),
    { algorithms: ['ES256'] },
  )
  // Exactly one audience: a list would let the assertion be used elsewhere.
  assert.equal(payload.aud, expected.audience)
  assert.deepEqual([payload.iss, payload.sub], [expected.clientId, expected.clientId])
  const lifetime = Number(payload.exp) - Number(payload.iat)
  assert.ok(lifetime > 0 && lifetime <= 300, `lives for ${lifetime} s`)
  assert.ok(payload.jti && payload.jti.length >= 16)
  return payload.jti
}

export interface NonceApi {
  readonly origin: string
  readonly requests: (ProvenRequest & { readonly proof: CheckedProof })[]
  /** How many requests were sent back for a nonce. */
  challenges(): number
  /** Refuses the next request that has its nonce, as an API does that knows better. */
  refuseNext(challenge: string): void
  close(): Promise<void>
}

/** An API that wants a proof with its latest nonce, and has a new one in each answer, successful or not. */
export async function startNonceApi(name: string): Promise<NonceApi> {
  const requests: NonceApi['requests'] = []
  const refusals: string[] = []
  let issued = 0
  let challenges = 0
  let origin = ''

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request
    const seen = { method, url: `${origin}${request.url}`, headers }
    const proof = await checkProof(seen)
    requests.push({ ...seen, proof })
    request.resume()
    const wanted = `${name}-${issued}`
    issued += 1
    response.setHeader('dpop-nonce', `${name}-${issued}`)
    if (issued === 1 || proof.nonce !== wanted) {
      challenges += 1
      response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end()
      return
    }
    const refusal = refusals.shift()
    if (refusal) response.writeHead(401, { 'www-authenticate': refusal }).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  origin = await listen(server)
  return {
    origin,
    requests,
    challenges: () => challenges,
    refuseNext: (challenge) => void refusals.push(challenge),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
