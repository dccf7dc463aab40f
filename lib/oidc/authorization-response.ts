import { given } from '../http/given.ts'
import { errorCode } from './error-code.ts'
import { errorDescription } from './error-description.ts'

/** What the transaction remembers of the authorization request. */
export interface ExpectedResponse {
  readonly state: string
  /** One of them has to be `iss`, where there is one. */
  readonly issuers: readonly string[]
}

export type AuthorizationResponse =
  | {
      readonly kind: 'code'
      /** The protocol parameters only, each once. */
      readonly parameters: URLSearchParams
      readonly sessionState?: string
    }
  | {
      readonly kind: 'failed'
      readonly code:
        | 'sign_in_failed'
        | 'sign_in_cancelled'
        | 'provider_unavailable'
        | 'provider_misconfigured'
      /** OAuth error code, fit for a log (`errorCode`). */
      readonly error?: string
      /** Fit for a log (`errorDescription`). */
      readonly description?: string
      readonly reason: string
    }

const protocolParameters = [
  'code',
  'state',
  'iss',
  'error',
  'error_description',
  'error_uri',
  'session_state',
  'response',
] as const

/**
 * Judges the provider's answer at the callback before anything is sent: RFC 6749 section 4.1.2,
 * `iss` of RFC 9207 (L3, on error answers as well), no parameter twice (L4). Unknown ones are ignored.
 * @param issuerAdvertised `authorization_response_iss_parameter_supported`
 */
export function parseAuthorizationResponse(
  answer: URLSearchParams,
  expected: ExpectedResponse,
  issuerAdvertised: 'advertised' | 'not-advertised',
): AuthorizationResponse {
  const parameters = new URLSearchParams()
  for (const name of protocolParameters) {
    const values = answer.getAll(name)
    if (values.length > 1) return refused(`the parameter ${name} comes twice`)
    if (values[0]) parameters.set(name, values[0])
  }
  if (parameters.has('response')) return refused('a JWT response was not asked for')
  if (parameters.get('state') !== expected.state) return refused('state differs')
  const iss = parameters.get('iss')
  if (iss === null && issuerAdvertised === 'advertised') return refused('iss is missing')
  if (iss !== null && !expected.issuers.includes(iss)) return refused('iss is another issuer')
  if (parameters.has('error')) {
    const credentials = ['state', 'code', 'session_state'].map((name) => parameters.get(name) ?? '')
    return failed(
      errorCode(parameters.get('error'), credentials),
      errorDescription(parameters.get('error_description'), credentials),
    )
  }
  if (!parameters.has('code')) return refused('there is neither a code nor an error')

  const sessionState = parameters.get('session_state')
  return { kind: 'code', parameters, ...(sessionState === null ? {} : { sessionState }) }
}

/** Keycloak, when its page lay open while another tab signed in: to ask once more is all that is missing. */
export function isPageExpired(answer: URLSearchParams): boolean {
  return (
    answer.get('error') === 'temporarily_unavailable' &&
    answer.get('error_description') === 'authentication_expired'
  )
}

function refused(reason: string): AuthorizationResponse {
  return { kind: 'failed', code: 'sign_in_failed', reason }
}

type FailureCode = Extract<AuthorizationResponse, { readonly kind: 'failed' }>['code']

/** A map, since an object would have an answer for `constructor` too (L19). */
const codes: ReadonlyMap<string, FailureCode> = new Map([
  ['access_denied', 'sign_in_cancelled'],
  ['temporarily_unavailable', 'provider_unavailable'],
  ['server_error', 'provider_unavailable'],
  ['unauthorized_client', 'provider_misconfigured'],
])

/** RFC 6749 section 4.1.2.1 and OpenID Connect Core section 3.1.2.6. */
function failed(error: string | undefined, description: string | undefined): AuthorizationResponse {
  return {
    kind: 'failed',
    code: codes.get(error ?? '') ?? 'sign_in_failed',
    reason: 'the provider answered with an error',
    ...given({ error, description }),
  }
}
