import { createHash, randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import type { ScriptedKeys } from './scripted-keys.ts'
import type { EndpointName, RecordedRequest, ScriptedAnswer } from './scripted-messages.ts'

/** What the honest answers depend on. A test may change any of it between two requests. */
export interface HonestState {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Seconds. */
  accessTokenLifetime: number
  sendExpiresIn: boolean
  /** Put over the discovery document; undefined removes a member. */
  metadata: Record<string, unknown>
  /** Of the user who signs in. */
  claims: Record<string, unknown>
  /** Of the latest sign-in: each has its own, unless a test sets it. Undefined: a provider without them. */
  sid: string | undefined
  /** A used refresh token is replaced, and its reuse ends the whole family. */
  rotate: boolean
  idTokenOnRefresh: boolean
  /** When set, token, PAR and revocation ask for this DPoP nonce of whoever sends a proof (RFC 9449 section 8). */
  dpopNonce: string | undefined
  /** Token -> the sign-in that it came from, and whether it still works. */
  readonly refreshTokens: Map<string, Grant & { active: boolean }>
  /** Tokens that arrived at the revocation endpoint. */
  readonly revoked: string[]
}

/** What a sign-in leads to, refresh after refresh. */
interface Grant {
  readonly family: string
  readonly scope: string
  readonly sid: string | undefined
}

interface AnswerDeps {
  state: HonestState
  keys: ScriptedKeys
  paths: Readonly<Record<EndpointName, string>>
}

type Honest = Record<EndpointName, (request: RecordedRequest) => Promise<ScriptedAnswer>> & {
  idTokenClaims(claims?: Record<string, unknown>): Record<string, unknown>
  logoutTokenClaims(claims?: Record<string, unknown>): Record<string, unknown>
}

/** The answers of a provider that keeps to the specifications and signs everybody in at once. */
export function createHonestAnswers({ state, keys, paths }: AnswerDeps): Honest {
  const codes = new Map<string, { asked: URLSearchParams; sid: string | undefined }>()
  const pushed = new Map<string, URLSearchParams>()
  let latestSid = state.sid

  function idTokenClaims(claims: Record<string, unknown> = {}) {
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: state.issuer, aud: state.clientId, iat: now, exp: now + 300 }
    return defined({ ...usual, auth_time: now, sid: state.sid, ...state.claims, ...claims })
  }

  function logoutTokenClaims(claims: Record<string, unknown> = {}) {
    const now = Math.floor(Date.now() / 1000)
    return defined({
      iss: state.issuer,
      aud: state.clientId,
      iat: now,
      exp: now + 120,
      jti: random(),
      sub: state.claims.sub,
      sid: state.sid,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...claims,
    })
  }

  function issueRefreshToken(grant: Grant): string {
    const token = `refresh-${random()}`
    state.refreshTokens.set(token, { ...grant, active: true })
    return token
  }

  async function tokens(request: RecordedRequest, extra: Record<string, unknown>) {
    const jkt = await proofThumbprint(request)
    return {
      access_token: `access-${random()}`,
      token_type: jkt ? 'DPoP' : 'Bearer',
      ...(state.sendExpiresIn ? { expires_in: state.accessTokenLifetime } : {}),
      ...extra,
    }
  }

  async function exchangeCode(request: RecordedRequest): Promise<ScriptedAnswer> {
    const code = request.params.get('code') ?? ''
    const { asked, sid } = codes.get(code) ?? {}
    codes.delete(code)
    if (!asked) return oauthError('invalid_grant')
    const challenge = createHash('sha256').update(request.params.get('code_verifier') ?? '')
    if (asked.get('code_challenge') !== challenge.digest('base64url')) {
      return oauthError('invalid_grant')
    }
    const scope = asked.get('scope') ?? 'openid'
    const nonce = asked.get('nonce') ?? undefined
    const body = await tokens(request, {
      scope,
      id_token: await keys.sign(idTokenClaims({ nonce, sid })),
      ...(scope.split(' ').includes('offline_access')
        ? { refresh_token: issueRefreshToken({ scope, family: random(), sid }) }
        : {}),
    })
    return { body }
  }

  async function refresh(request: RecordedRequest): Promise<ScriptedAnswer> {
    const token = request.params.get('refresh_token') ?? ''
    const known = state.refreshTokens.get(token)
    if (!known) return oauthError('invalid_grant')
    if (!known.active) {
      for (const other of state.refreshTokens.values()) {
        if (other.family === known.family) other.active = false
      }
      return oauthError('invalid_grant')
    }
    if (state.rotate) known.active = false
    const body = await tokens(request, {
      scope: request.params.get('scope') ?? known.scope,
      ...(state.rotate ? { refresh_token: issueRefreshToken(known) } : {}),
      ...(state.idTokenOnRefresh
        ? { id_token: await keys.sign(idTokenClaims({ sid: known.sid })) }
        : {}),
    })
    return { body }
  }

  async function token(request: RecordedRequest): Promise<ScriptedAnswer> {
    const refusal = refuseClient(request, state) ?? refuseNonce(await proofNonce(request), state)
    if (refusal) return refusal
    const grant = request.params.get('grant_type')
    if (grant === 'authorization_code') return exchangeCode(request)
    if (grant === 'refresh_token') return refresh(request)
    if (grant === 'client_credentials') {
      return { body: await tokens(request, { scope: request.params.get('scope') ?? '' }) }
    }
    if (grant === 'urn:ietf:params:oauth:grant-type:token-exchange') {
      const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token'
      return { body: await tokens(request, { issued_token_type }) }
    }
    return oauthError('unsupported_grant_type')
  }

  async function authorize(request: RecordedRequest): Promise<ScriptedAnswer> {
    const uri = request.params.get('request_uri')
    const asked = uri === null ? request.params : pushed.get(uri)
    const redirectUri = asked?.get('redirect_uri')
    if (!asked || !redirectUri) return oauthError('invalid_request')
    if (uri !== null) pushed.delete(uri)
    const code = `code-${random()}`
    if (state.sid === latestSid) state.sid = latestSid = `sid-${random()}`
    codes.set(code, { asked, sid: state.sid })
    const answer = { code, state: asked.get('state') ?? '', iss: state.issuer }
    if (asked.get('response_mode') === 'form_post') return formPost(redirectUri, answer)
    const location = new URL(redirectUri)
    for (const [name, value] of Object.entries(answer)) location.searchParams.set(name, value)
    return { status: 302, headers: { location: location.href } }
  }

  return {
    idTokenClaims,
    logoutTokenClaims,
    token,
    authorize,
    discovery: async () => ({
      body: defined({ ...metadata(state.issuer, paths), ...state.metadata }),
    }),
    jwks: async () => ({ body: keys.jwks() }),
    userinfo: async () => ({ body: state.claims }),

    async par(request) {
      const refusal = refuseClient(request, state) ?? refuseNonce(await proofNonce(request), state)
      if (refusal) return refusal
      const request_uri = `urn:ietf:params:oauth:request_uri:${random()}`
      pushed.set(request_uri, request.params)
      return { status: 201, body: { request_uri, expires_in: 60 } }
    },

    async revocation(request) {
      const refusal = refuseClient(request, state) ?? refuseNonce(await proofNonce(request), state)
      if (refusal) return refusal
      const revoked = request.params.get('token') ?? ''
      state.revoked.push(revoked)
      const known = state.refreshTokens.get(revoked)
      if (known) known.active = false
      return { status: 200, body: '' }
    },

    async introspection(request) {
      const known = state.refreshTokens.get(request.params.get('token') ?? '')
      return { body: { active: known?.active ?? false } }
    },

    async endSession(request) {
      const location = request.params.get('post_logout_redirect_uri')
      if (!location) return { body: 'signed out' }
      const url = new URL(location)
      const echoed = request.params.get('state')
      if (echoed !== null) url.searchParams.set('state', echoed)
      return { status: 302, headers: { location: url.href } }
    },
  }
}

function metadata(issuer: string, paths: AnswerDeps['paths']): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: issuer + paths.authorize,
    token_endpoint: issuer + paths.token,
    jwks_uri: issuer + paths.jwks,
    userinfo_endpoint: issuer + paths.userinfo,
    revocation_endpoint: issuer + paths.revocation,
    introspection_endpoint: issuer + paths.introspection,
    pushed_authorization_request_endpoint: issuer + paths.par,
    end_session_endpoint: issuer + paths.endSession,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    code_challenge_methods_supported: ['S256'],
    dpop_signing_alg_values_supported: ['ES256'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    response_modes_supported: ['query', 'form_post'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ],
  }
}

/** RFC 6749 section 2.3.1: both halves of the Basic credentials are form-encoded. */
function refuseClient(request: RecordedRequest, state: HonestState): ScriptedAnswer | undefined {
  if (request.params.has('client_assertion')) return
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const [id, secret] = basic
    ? Buffer.from(basic, 'base64')
        .toString('utf8')
        .split(':')
        .map((half) => decodeURIComponent(half.replaceAll('+', ' ')))
    : [request.params.get('client_id'), request.params.get('client_secret')]
  if (id === state.clientId && secret === state.clientSecret) return
  return { ...oauthError('invalid_client'), status: 401 }
}

function refuseNonce(nonce: string | undefined, state: HonestState): ScriptedAnswer | undefined {
  const asked = state.dpopNonce
  if (asked === undefined || nonce === undefined || nonce === asked) return
  return { ...oauthError('use_dpop_nonce'), headers: { 'dpop-nonce': asked } }
}

/** Undefined without a proof, the empty string for a proof without a nonce. */
async function proofNonce(request: RecordedRequest): Promise<string | undefined> {
  const proof = request.headers.dpop
  if (!proof) return
  const { payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })
  return String(payload.nonce ?? '')
}

async function proofThumbprint(request: RecordedRequest): Promise<string | undefined> {
  const proof = request.headers.dpop
  if (!proof) return
  const { protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })
  return protectedHeader.jwk ? calculateJwkThumbprint(protectedHeader.jwk) : undefined
}

function formPost(action: string, fields: Record<string, string>): ScriptedAnswer {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  )
  const body = `<form method="post" action="${action}">${inputs.join('')}</form>`
  return { headers: { 'content-type': 'text/html' }, body }
}

function oauthError(error: string): ScriptedAnswer {
  return { status: 400, body: { error } }
}

function defined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
}

function random(): string {
  return randomBytes(18).toString('base64url')
}
