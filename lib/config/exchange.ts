import { z } from 'zod'
import { absoluteUri, text } from './schema-leaf.ts'

export const exchange = z.strictObject({
  /** `audience` of the exchange request: the API as the provider names it. */
  audience: text().exactOptional(),
  /** `resource` of the exchange request: an absolute URI. */
  resource: absoluteUri().exactOptional(),
  /** Scopes of the new token, separated by spaces. */
  scope: text().exactOptional(),
  /** `requested_token_type`: a URI such as `urn:ietf:params:oauth:token-type:access_token`. */
  requestedTokenType: absoluteUri().exactOptional(),
  /** Name in `clients` of the machine client whose token becomes the `actor_token` (delegation). */
  actor: text().exactOptional(),
})

export type ExchangeSettings = Readonly<z.output<typeof exchange>>
