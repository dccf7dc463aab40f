import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type ClientMetadata, type JWK } from 'oidc-provider'
import { createProviderConfig, findDemoResource } from './provider-config.ts'
import { registerExchange, tokenExchange } from './provider-exchange.ts'
import { createLogin } from './provider-login.ts'
import { type IssuedSecret, markSecrets } from './provider-marks.ts'
import {
  createCounters,
  createMeter,
  type ProviderControls,
  type ProviderCounters,
} from './provider-meter.ts'
import { createProviderStore } from './provider-store.ts'

export interface DemoProviderOptions {
  /** @default 0, a free one */
  port?: number
  /** Address to listen on. @default '127.0.0.1' */
  host?: string
  /** @default `http://localhost:<port>` */
  issuer?: string
  /** Origins at which Cloakroom runs; the first gets the back-channel logout. @default ['http://localhost:3000'] */
  publicOrigins?: readonly string[]
  /** @default '/bff' */
  basePath?: string
  /** @default 'cloakroom-demo' */
  clientId?: string
  /** @default a random one, to be read from the answer */
  clientSecret?: string
  /** Put over the metadata of the client: another authentication method, keys, … */
  client?: Partial<ClientMetadata>
  /** Further clients. */
  clients?: readonly ClientMetadata[]
  /** Lifetime of access tokens. @default 30 */
  accessTokenSeconds?: number
  /** False: a plain sign-in yields an opaque access token, for UserInfo. @default true */
  defaultResource?: boolean
  /** Every DPoP proof needs a nonce of the provider. @default false */
  requireDpopNonce?: boolean
  /** Codes and opaque tokens begin with this, and every secret that goes out is kept in `issued`. */
  mark?: string
  /** Remembers keys, sessions and grants over a restart. */
  stateFile?: string
}

export interface DemoProvider {
  readonly issuer: string
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly counters: ProviderCounters
  readonly controls: ProviderControls
  /** Filled when `mark` is given. */
  readonly issued: readonly IssuedSecret[]
  /** Asks the introspection endpoint whether a token still works. */
  isActive(token: string): Promise<boolean>
  close(): Promise<void>
}

/** The demo's OpenID Provider: certified code, three people, no password. */
export async function startDemoProvider(options: DemoProviderOptions = {}): Promise<DemoProvider> {
  const clientId = options.clientId ?? 'cloakroom-demo'
  const clientSecret = options.clientSecret ?? randomBytes(24).toString('base64url')
  const origins = options.publicOrigins ?? ['http://localhost:3000']
  const home = origins[0] ?? '/'
  const counters = createCounters()
  const controls: ProviderControls = {
    accessTokenSeconds: options.accessTokenSeconds ?? 30,
    tokenDelayMs: 0,
    tokenAnswerDelayMs: 0,
  }
  const store = createProviderStore({ file: options.stateFile })
  const keys = store.keys ?? (await generateKeys())

  // The issuer contains the port, so the server has to listen before there is a provider.
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const issuer = options.issuer ?? `http://localhost:${port}`

  const provider = new Provider(
    issuer,
    createProviderConfig({
      store,
      keys,
      home,
      clients: [
        {
          ...describeClient(origins, options.basePath ?? '/bff'),
          client_id: clientId,
          client_secret: clientSecret,
          ...options.client,
        },
        ...(options.clients ?? []),
      ],
      defaultResource: options.defaultResource ?? true,
      requireDpopNonce: options.requireDpopNonce ?? false,
      accessTokenSeconds: () => controls.accessTokenSeconds,
    }),
  )
  registerExchange(provider, {
    keys,
    findResource: (resource) => findDemoResource(resource, controls.accessTokenSeconds),
  })
  const issued = options.mark === undefined ? [] : markSecrets(provider, options.mark)
  provider.use(createMeter(counters, controls))
  provider.use(createLogin(provider, home))
  const handle = provider.callback()

  return {
    issuer,
    url: issuer,
    clientId,
    clientSecret,
    counters,
    controls,
    issued,

    async isActive(token) {
      const response = await fetch(new URL('/token/introspection', `http://localhost:${port}`), {
        method: 'POST',
        headers: { authorization: basic(clientId, clientSecret) },
        body: new URLSearchParams({ token }),
      })
      if (!response.ok) throw new Error(`introspection answered ${response.status}`)
      return ((await response.json()) as { active: boolean }).active
    },

    async close() {
      store.save(keys)
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function describeClient(origins: readonly string[], basePath: string) {
  const prefix = basePath === '/' ? '' : basePath
  const at = (path: string) => origins.map((origin) => `${origin}${prefix}${path}`)
  return {
    client_name: 'Cloakroom demo',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', tokenExchange],
    response_types: ['code'] as const satisfies ClientMetadata['response_types'],
    redirect_uris: at('/callback'),
    post_logout_redirect_uris: at('/logout-callback'),
    ...(origins[0] === undefined
      ? {}
      : { backchannel_logout_uri: `${origins[0]}${prefix}/backchannel` }),
    backchannel_logout_session_required: true,
    require_auth_time: true,
  }
}

async function generateKeys(): Promise<JWK[]> {
  const algorithms = ['RS256', 'ES256'] as const
  return Promise.all(
    algorithms.map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true })
      const kid = `demo-${alg.toLowerCase()}-${randomBytes(4).toString('hex')}`
      return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' } as JWK
    }),
  )
}

function basic(id: string, secret: string): string {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}
