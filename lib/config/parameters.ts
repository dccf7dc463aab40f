import type { Report } from './report.ts'

const client = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']

/** Parameters that each request sets by itself: an extra one of that name would send it twice (L4). */
const owned = {
  authorization: [
    ...client,
    ...['response_type', 'response_mode', 'redirect_uri', 'scope', 'state', 'nonce', 'dpop_jkt'],
    ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
  ],
  refresh: [...client, 'grant_type', 'refresh_token'],
  revocation: [...client, 'token', 'token_type_hint'],
  clientCredentials: [...client, 'grant_type', 'scope', 'resource', 'audience'],
  code: [...client, 'grant_type', 'code', 'redirect_uri', 'code_verifier'],
  exchange: [
    ...client,
    ...['grant_type', 'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'],
    ...['requested_token_type', 'scope', 'resource', 'audience'],
  ],
  onBehalfOf: [...client, 'grant_type', 'assertion', 'scope', 'requested_token_use'],
} as const

export function isOwnParameter(request: keyof typeof owned, name: string): boolean {
  return (owned[request] as readonly string[]).includes(name)
}

/** Refuses extra parameters that are not extra. */
export function checkParameters(
  setting: string,
  request: keyof typeof owned,
  parameters: Readonly<Record<string, string>>,
  report: Report,
): void {
  for (const name of Object.keys(parameters)) {
    if (isOwnParameter(request, name)) {
      report.problem(`${setting}.${name}`, 'is set by Cloakroom itself', 'take it out')
    }
  }
}
