import * as z from 'zod'
import type { Report } from './report.ts'
import { absoluteUri, text } from './schema-leaf.ts'

export const exchange = z.strictObject({
  /**
   * `token-exchange`, as when left out, is RFC 8693; `jwt-bearer` (RFC 7523) is Microsoft Entra's on-behalf-of, with
   * `scope` and nothing else.
   */
  grant: z.enum(['token-exchange', 'jwt-bearer']).exactOptional(),
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

/** On-behalf-of knows its API by the scope: the rest of RFC 8693 would be ignored there, or refused. */
export function checkExchange(setting: string, config: ExchangeSettings, report: Report): void {
  if (config.grant !== 'jwt-bearer') return
  for (const name of ['audience', 'resource', 'requestedTokenType', 'actor'] as const) {
    if (config[name] === undefined) continue
    report.problem(`${setting}.${name}`, 'does not go with the grant jwt-bearer', 'take it out')
  }
  if (config.scope === undefined) {
    const fix = 'name the API in it, such as api://orders/.default'
    report.problem(`${setting}.scope`, 'is not set, and the grant is jwt-bearer', fix)
  }
}
