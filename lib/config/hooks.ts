import * as z from 'zod'
import { hook } from './schema-leaf.ts'

type Claims = Readonly<Record<string, unknown>>

export interface ClaimsContext {
  /** ID token and UserInfo merged; on conflict the ID token wins. */
  readonly claims: Claims
  /** Of the ID token, which was verified. */
  readonly idToken: Claims
  /** Where the UserInfo endpoint was asked. */
  readonly userinfo?: Claims
  /** Of the access token, where it is a JWT. It is for APIs: its signature was not checked by us. */
  readonly accessToken?: Claims
  readonly reason: 'sign-in' | 'refresh'
}

export type ClaimsHook = (
  context: ClaimsContext,
) => Promise<Record<string, unknown>> | Record<string, unknown>

export type TokenRequestHook = (context: {
  readonly grant:
    | 'authorization_code'
    | 'refresh_token'
    | 'client_credentials'
    | 'token_exchange'
    | 'jwt_bearer'
  readonly client?: string
  readonly resource?: string
  readonly scope?: string
}) => Promise<Record<string, string>> | Record<string, string>

/** The functions of an adopter that do not belong to one remote. */
export const hooks = z.strictObject({
  /**
   * Hook: runs at sign-in and after each refresh that brings new claims; its answer replaces them. It gets
   * `claims`, `idToken`, `userinfo`, the claims of an `accessToken` that is a JWT, and the `reason`. Not possible in a JSON file.
   */
  claims: hook<ClaimsHook>().exactOptional(),
  /**
   * Hook: adds parameters to a token request. Asked at each use of a token, since tokens are kept apart by
   * what it adds. Not possible in a JSON file.
   */
  tokenRequest: hook<TokenRequestHook>().exactOptional(),
})

export type Hooks = Readonly<z.output<typeof hooks>>

export function givenHooks({ claims, tokenRequest }: Hooks): Hooks {
  return { ...(claims && { claims }), ...(tokenRequest && { tokenRequest }) }
}
