import * as z from 'zod'
import { accepted, refused } from './parsed.ts'
import { leaf } from './schema-leaf.ts'
import { parseWebAddress } from './web-address.ts'

function address() {
  return leaf<string>((value) => {
    if (typeof value !== 'string') return refused('is no address', 'write it as https://host/path')
    const parsed = parseWebAddress(value, 'on-loopback')
    return parsed.ok ? accepted(value) : parsed
  })
}

export const endpoints = z.strictObject({
  /** Where people sign in. */
  authorization: address().exactOptional(),
  /** Where codes and refresh tokens are redeemed. */
  token: address().exactOptional(),
  /** Claims of the signed-in (OpenID Connect Core section 5.3). */
  userinfo: address().exactOptional(),
  /** The keys of ID and logout tokens. */
  jwks: address().exactOptional(),
  /** RFC 7009. */
  revocation: address().exactOptional(),
  /** The page of RP-initiated logout. One of another kind is `oidc.logout.url`. */
  endSession: address().exactOptional(),
  /** Pushed authorization requests (RFC 9126). */
  par: address().exactOptional(),
})

export type Endpoints = Readonly<z.output<typeof endpoints>>
