import { randomBytes } from 'node:crypto'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import * as client from 'openid-client'
import type { ClientAuth } from '../config/client-auth.ts'
import type { OidcSettings } from '../config/oidc.ts'
import { given } from '../http/given.ts'
import { callFailure } from './call-failure.ts'
import {
  type ClientProof,
  type ClientProofs,
  createClientProofs,
  keyAlgorithm,
} from './client-auth.ts'
import type { OpenProviderCall, ProviderCall } from './provider-call.ts'
import { callLimitMs } from './provider-fetch.ts'

/** What can be told about our client id and its secret or key; `bad` when the provider names them. */
export type CredentialsStanding = 'good' | 'bad' | 'unknown'

export interface CredentialsLookDeps {
  readonly oidc: OidcSettings
  readonly redirectUri: string
  readonly call: OpenProviderCall
}

interface Who {
  readonly clientId: string
  readonly proofs: ClientProofs
}

/**
 * Shows the provider our credentials, wrong ones and ours again, with a code and then with a token that we
 * made up. Where the wrong ones are answered otherwise, ours are good (T20). That needs no knowledge of how a
 * provider refuses a wrong client: some do it as they refuse everything. Never rejects.
 */
export async function lookAtCredentials(deps: CredentialsLookDeps): Promise<CredentialsStanding> {
  const { oidc } = deps
  const ours = { clientId: oidc.clientId, proofs: proofsOf(oidc.auth, oidc) }
  let standing: CredentialsStanding = 'unknown'
  for (const ask of [redeemMadeUpCode, revokeMadeUpToken]) {
    const answer = await answerTo(ask, ours, deps)
    // Sent in the same way: another one may be refused for itself, whatever the secret.
    const wrong = answer && (await wrongOnes(oidc, answer.method))
    const other = wrong && (await answerTo(ask, wrong, deps))
    if (!answer || !other) continue
    if (answer.refusesClient) standing = 'bad'
    if (answer.refusesClient || isAlike(answer, other) || !isRefusal(other)) continue
    // What blocks further tries, or answers otherwise by chance, answers ours otherwise as well.
    if (isAlike(answer, await answerTo(ask, ours, deps))) return 'good'
  }
  return standing
}

type Ask = (call: ProviderCall, deps: CredentialsLookDeps) => Promise<unknown>

const redeemMadeUpCode: Ask = ({ configuration }, { redirectUri }) =>
  client.genericGrantRequest(configuration, 'authorization_code', {
    code: madeUp(),
    redirect_uri: redirectUri,
    code_verifier: madeUp(),
  })

const revokeMadeUpToken: Ask = ({ configuration }) =>
  client.tokenRevocation(configuration, madeUp(), { token_type_hint: 'refresh_token' })

interface Answer {
  status: number
  error: string | undefined
  readonly method: ClientProof['method']
  readonly refusesClient: boolean
}

function isAlike(one: Answer, other: Answer | undefined): boolean {
  return one.status === other?.status && one.error === other.error
}

function isRefusal({ status, error }: Answer): boolean {
  return status !== 200 || error !== undefined
}

/**
 * Undefined where there is no such endpoint, none that is well, or an answer that is not an endpoint's but
 * of what stands before it: those make 200, 400 and 401 (RFC 6749 section 5.2, RFC 7009 section 2.2).
 */
async function answerTo(
  ask: Ask,
  who: Who,
  deps: CredentialsLookDeps,
): Promise<Answer | undefined> {
  let call: ProviderCall | undefined
  let refusesClient = false
  try {
    const opened = await deps.call({ limitMs: callLimitMs, client: who })
    call = opened
    await opened.send(() => ask(opened, deps))
  } catch (error) {
    const failure = callFailure(error, call?.answer ?? { sent: false })
    if (failure.kind === 'unavailable') return undefined
    // Whoever judges the grant has taken the client, with whatever status it says so.
    refusesClient = failure.kind === 'misconfigured' && failure.error !== 'invalid_grant'
  }
  const { status, error } = call?.answer ?? {}
  if (!call || status === undefined || !endpointsOwn.has(status)) return undefined
  return { status, error, method: call.method(), refusesClient }
}

const endpointsOwn: ReadonlySet<number> = new Set([200, 400, 401])

async function wrongOnes(oidc: OidcSettings, method: ClientProof['method']): Promise<Who> {
  const { clientId, auth } = oidc
  switch (auth.method) {
    case 'none':
    // The certificate belongs to the connection: a client that it is not registered for is as wrong.
    case 'tls_client_auth':
    // So does the assertion, to the platform.
    case 'client_assertion':
      return { clientId: madeUp(), proofs: proofsOf(auth, oidc) }
    case 'private_key_jwt': {
      const alg = keyAlgorithm(auth.key)
      const { privateKey } = await generateKeyPair(alg, { extractable: true })
      const { kid } = auth.key
      const key = { ...(await exportJWK(privateKey)), alg, ...given({ kid }) }
      return { clientId, proofs: proofsOf({ ...auth, key: key as typeof auth.key }, oidc) }
    }
    default:
      return {
        clientId,
        proofs: proofsOf({ method: secretMethod(method), secret: madeUp() }, oidc),
      }
  }
}

function secretMethod(method: ClientProof['method']) {
  return method === 'client_secret_post' ? method : 'client_secret_basic'
}

function proofsOf(auth: ClientAuth, { assertionAudience }: OidcSettings): ClientProofs {
  return createClientProofs(auth, assertionAudience)
}

function madeUp(): string {
  return randomBytes(32).toString('base64url')
}
