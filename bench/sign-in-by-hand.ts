/**
 * What sign-ins are measured against: openid-client and iron-session as their pages show them, and nothing else. The
 * transaction and the session are sealed cookies; no store, no index, no checks but the libraries' own.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sealData, unsealData } from 'iron-session'
import * as client from 'openid-client'
import { benchEnv } from './seed.ts'
import { reportPort } from './subject.ts'

const password = benchEnv.BFF_SECRET
const redirectUri = `${benchEnv.BFF_BASE_URL}/bff/callback`
const configuration = await client.discovery(
  new URL(process.env.BENCH_ISSUER ?? ''),
  benchEnv.OIDC_CLIENT_ID,
  benchEnv.OIDC_CLIENT_SECRET,
  undefined,
  { execute: [client.allowInsecureRequests] },
)

interface Begun {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

function leadOn(response: ServerResponse, location: string, cookie: string): void {
  response.writeHead(302, { location, 'set-cookie': `${cookie}; Path=/; HttpOnly; Secure` }).end()
}

async function login(response: ServerResponse): Promise<void> {
  const begun: Begun = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    codeVerifier: client.randomPKCECodeVerifier(),
  }
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access',
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(begun.codeVerifier),
    code_challenge_method: 'S256',
  })
  leadOn(response, address.href, `begun=${await sealData(begun, { password, ttl: 600 })}`)
}

async function callback(response: ServerResponse, url: URL, cookie: string): Promise<void> {
  const sealed = /begun=([^;]+)/.exec(cookie)?.[1] ?? ''
  const { state, nonce, codeVerifier } = await unsealData<Begun>(sealed, { password, ttl: 600 })
  const tokens = await client.authorizationCodeGrant(configuration, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  })
  const session = { claims: tokens.claims(), refreshToken: tokens.refresh_token }
  leadOn(response, '/orders', `session=${await sealData(session, { password })}`)
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', benchEnv.BFF_BASE_URL)
  const answered = url.pathname.endsWith('/login')
    ? login(response)
    : callback(response, url, request.headers.cookie ?? '')
  answered.catch(() => response.writeHead(500).end())
})
server.listen(0, '127.0.0.1', () => reportPort((server.address() as AddressInfo).port))
