import { z } from 'zod'
import {
  absoluteUri,
  byteSize,
  cookieName,
  duration,
  hook,
  path,
  text,
  tokenChoice,
  wholeNumber,
  wholeSeconds,
} from './schema-leaf.ts'
import type { Hooks } from './settings.ts'

// Shapes, types and defaults. What depends on two settings, or on the environment, is a rule elsewhere.

const flag = (value: boolean) => z.boolean().default(value)
const textRecord = () => z.record(z.string(), z.string()).default({})
const textList = () => z.array(z.string()).readonly()
const secretMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
const tls = z.strictObject({ certFile: text(), keyFile: text() }).exactOptional()

const profileClaims = [
  ...['sub', 'name', 'given_name', 'family_name', 'nickname', 'preferred_username'],
  ...['picture', 'email', 'email_verified'],
]

// Asymmetric ones only: with HS256 the client secret could forge a sign-in, with none anybody.
const signatureAlgorithms = z.enum([
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
])

const oidc = z.strictObject({
  scope: text().exactOptional(),
  params: textRecord(),
  refreshParams: textRecord(),
  revocationParams: textRecord(),
  authMethod: z.enum([...secretMethods, 'tls_client_auth']).exactOptional(),
  tls,
  assertionAudience: absoluteUri().exactOptional(),
  responseMode: z.enum(['query', 'form_post']).default('query'),
  par: flag(false),
  dpop: flag(false),
  userinfo: flag(false),
  logout: flag(true),
  idTokenAlg: signatureAlgorithms.default('RS256'),
  clockTolerance: duration({ from: '0s', to: '10m' }).default(30),
})

const session = z.strictObject({
  idle: wholeSeconds({ from: '60s', to: '400d' }).default(1800),
  absolute: wholeSeconds({ from: '60s', to: '400d' }).default(28_800),
  touchEvery: wholeSeconds({ from: '1s', to: '400d' }).exactOptional(),
  sameSite: z.enum(['strict', 'lax']).default('strict'),
  cookieName: cookieName().exactOptional(),
  claims: textList().default(profileClaims),
})

const exchange = z.strictObject({
  audience: text().exactOptional(),
  resource: absoluteUri().exactOptional(),
  scope: text().exactOptional(),
  requestedTokenType: absoluteUri().exactOptional(),
  actor: text().exactOptional(),
})

const remote = z.strictObject({
  target: text(),
  token: tokenChoice().default('user'),
  client: text().exactOptional(),
  scope: text().exactOptional(),
  resource: absoluteUri().exactOptional(),
  exchange: exchange.exactOptional(),
  methods: textList().exactOptional(),
  timeout: duration({ from: 0.001, to: '1d' }).default(100),
  connectTimeout: duration({ from: 0.001, to: '5m' }).default(5),
  maxBody: byteSize().exactOptional(),
  setCookie: textList().default([]),
  cookies: textList().default([]),
  cache: z.enum(['no-store', 'private']).default('no-store'),
  forwarded: z.enum(['all', 'none']).default('all'),
  scripts: flag(false),
  headers: z
    .strictObject({
      add: textRecord(),
      remove: textList().default([]),
      expose: textList().default([]),
    })
    .prefault({}),
  dpop: flag(false),
  http2: flag(false),
  websocket: flag(false),
  tls,
})

const client = z.strictObject({
  tokenEndpoint: text().exactOptional(),
  clientId: text().exactOptional(),
  secretEnv: text().exactOptional(),
  keyEnv: text().exactOptional(),
  authMethod: z.enum(secretMethods).exactOptional(),
  scope: text().exactOptional(),
  resource: absoluteUri().exactOptional(),
  audience: text().exactOptional(),
  parameters: textRecord(),
  dpop: flag(false),
})

export const configSchema = z.strictObject({
  basePath: path().default('/bff'),
  callbackPath: path().exactOptional(),
  logoutCallbackPath: path().exactOptional(),
  oidc: oidc.prefault({}),
  session: session.prefault({}),
  user: z
    .strictObject({ anonymous: z.union([z.literal(401), z.literal(200)]).default(401) })
    .prefault({}),
  logout: z.strictObject({ requireSid: flag(true), revoke: flag(true) }).prefault({}),
  backchannel: z.strictObject({ allSessions: flag(false), revoke: flag(true) }).prefault({}),
  frontchannel: z.strictObject({ enabled: flag(false) }).prefault({}),
  spa: z
    .strictObject({
      origins: textList().default([]),
      protectedPages: textList().default([]),
      pageMaxBody: byteSize().default(1024 * 1024),
    })
    .prefault({}),
  tokens: z
    .strictObject({
      margin: duration({ from: '0s', to: '1h' }).default(60),
      waiters: duration({ from: '1s', to: '60s' }).default(10),
    })
    .prefault({}),
  limits: z
    .strictObject({
      perAddress: wholeNumber(1).default(1024),
      perSession: wholeNumber(1).default(512),
    })
    .prefault({}),
  remotes: z.record(z.string(), remote).default({}),
  clients: z.record(z.string(), client).default({}),
  claims: hook<NonNullable<Hooks['claims']>>().exactOptional(),
  tokenRequest: hook<NonNullable<Hooks['tokenRequest']>>().exactOptional(),
})

export type ParsedConfig = z.output<typeof configSchema>
export type ParsedRemote = z.output<typeof remote>
export type ParsedClient = z.output<typeof client>
