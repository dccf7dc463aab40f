import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHonestAnswers, type HonestState } from './scripted-answers.ts'
import { createScriptedKeys, type SignOptions } from './scripted-keys.ts'
import {
  type EndpointName,
  paths,
  type RecordedRequest,
  type ScriptedAnswer,
} from './scripted-messages.ts'

export type { EndpointName, RecordedRequest, ScriptedAnswer } from './scripted-messages.ts'

/** `usual` makes the honest answer, with all of its effects (a rotated refresh token, a used code). */
export type Script = (
  request: RecordedRequest,
  usual: () => Promise<ScriptedAnswer>,
) => ScriptedAnswer | Promise<ScriptedAnswer>

export interface ScriptedProviderOptions {
  /** @default '127.0.0.1' */
  host?: string
  /** @default a free port */
  port?: number
  /** @default 'cloakroom-test' */
  clientId?: string
  /** @default 'a-secret-of-the-tests' */
  clientSecret?: string
  /** Seconds; null leaves `expires_in` out. @default 300 */
  accessTokenLifetime?: number | null
  /** Members put over the honest discovery document; undefined removes one. */
  metadata?: Record<string, unknown>
  /** Of the signed-in user. @default alice, with a name beyond ASCII */
  claims?: Record<string, unknown>
}

export interface ScriptedProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Every request, oldest first. */
  readonly requests: RecordedRequest[]
  /** Requests by endpoint. */
  readonly counters: Record<EndpointName, number>
  /** What the honest answers are made of; may be changed at any time. */
  readonly state: HonestState
  /** Scripts an endpoint until the returned function, or `override(name)` without a script, ends it. */
  override(name: EndpointName, script?: Script): () => void
  /** Scripts the next request only. */
  once(name: EndpointName, script: Script): void
  /** Form parameters of the token requests, oldest first, optionally of one grant type. */
  tokenRequests(grant?: string): URLSearchParams[]
  /** What the browser would do: follows an authorization URL and answers the callback URL. */
  approve(authorizationUrl: string | URL): Promise<URL>
  /** `iss`, `aud`, `sub`, `iat`, `exp` and `sid` are filled in; a claim of undefined is left out. */
  signIdToken(claims?: Record<string, unknown>, options?: SignOptions): Promise<string>
  signLogoutToken(claims?: Record<string, unknown>, options?: SignOptions): Promise<string>
  rotateKeys(): Promise<void>
  close(): Promise<void>
}

/** An OpenID Provider that answers honestly until a test scripts an endpoint to do otherwise. */
export async function startScriptedProvider(
  options: ScriptedProviderOptions = {},
): Promise<ScriptedProvider> {
  const host = options.host ?? '127.0.0.1'
  const clientId = options.clientId ?? 'cloakroom-test'
  const clientSecret = options.clientSecret ?? 'a-secret-of-the-tests'
  const keys = await createScriptedKeys()
  const requests: RecordedRequest[] = []
  const counters = Object.fromEntries(Object.keys(paths).map((name) => [name, 0])) as Record<
    EndpointName,
    number
  >
  const scripts = new Map<EndpointName, Script>()
  const queued = new Map<EndpointName, Script[]>()

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : undefined)
    })
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, host, resolve))
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`

  const state: HonestState = {
    issuer,
    clientId,
    clientSecret,
    accessTokenLifetime: options.accessTokenLifetime ?? 300,
    sendExpiresIn: options.accessTokenLifetime !== null,
    metadata: options.metadata ?? {},
    claims: options.claims ?? {
      sub: 'alice',
      name: 'Alice Größer 漢 🎟',
      email: 'alice@example.com',
    },
    sid: 'sid-of-nobody',
    rotate: true,
    idTokenOnRefresh: true,
    dpopNonce: undefined,
    refreshTokens: new Map(),
    revoked: [],
  }
  const honest = createHonestAnswers({ state, keys, paths })

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await record(incoming, issuer)
    requests.push(request)
    if (request.name === 'unknown') return send(outgoing, { status: 404, body: 'nothing here' })
    const { name } = request
    counters[name] += 1
    const script = queued.get(name)?.shift() ?? scripts.get(name)
    const usual = () => honest[name](request)
    await send(outgoing, await (script ? script(request, usual) : usual()))
  }

  return {
    issuer,
    clientId,
    clientSecret,
    requests,
    counters,
    state,

    override(name, script) {
      if (script) scripts.set(name, script)
      else scripts.delete(name)
      return () => void scripts.delete(name)
    },

    once(name, script) {
      queued.set(name, [...(queued.get(name) ?? []), script])
    },

    tokenRequests: (grant) =>
      requests
        .filter((request) => request.name === 'token')
        .map((request) => request.params)
        .filter((params) => grant === undefined || params.get('grant_type') === grant),

    async approve(authorizationUrl) {
      const response = await fetch(authorizationUrl, { redirect: 'manual' })
      const location = response.headers.get('location')
      await response.body?.cancel()
      if (!location) throw new Error(`the authorization endpoint answered ${response.status}`)
      return new URL(location)
    },

    signIdToken: (claims, sign) => keys.sign(honest.idTokenClaims(claims), sign),
    signLogoutToken: (claims, sign) =>
      keys.sign(honest.logoutTokenClaims(claims), { typ: 'logout+jwt', ...sign }),
    rotateKeys: () => keys.rotate(),

    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function record(incoming: IncomingMessage, issuer: string): Promise<RecordedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString('utf8')
  const url = new URL(incoming.url ?? '/', issuer)
  const found = Object.entries(paths).find(([, path]) => path === url.pathname)
  return {
    name: found ? (found[0] as EndpointName) : 'unknown',
    method: incoming.method ?? 'GET',
    url,
    headers: incoming.headers as Record<string, string>,
    body,
    params: body === '' ? url.searchParams : new URLSearchParams(body),
    at: Date.now(),
  }
}

async function send(outgoing: ServerResponse, answer: ScriptedAnswer): Promise<void> {
  if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs).unref())
  if (answer.fault === 'hang') return
  if (answer.fault === 'reset') return void outgoing.destroy()
  const json = typeof answer.body === 'object'
  const body = json ? JSON.stringify(answer.body) : String(answer.body ?? '')
  outgoing.writeHead(answer.status ?? 200, {
    ...(json ? { 'content-type': 'application/json', 'cache-control': 'no-store' } : {}),
    'content-length': String(Buffer.byteLength(body)),
    ...answer.headers,
  })
  if (answer.fault === 'cut') {
    outgoing.write(body.slice(0, Math.floor(body.length / 2)))
    return void setImmediate(() => outgoing.destroy())
  }
  outgoing.end(body)
}
