import * as client from 'openid-client'
import type { ClientSettings } from '../config/client.ts'
import type { OidcSettings } from '../config/oidc.ts'
import type { AddedParameters, TokenParameters } from '../config/token-parameters.ts'
import { given } from '../http/given.ts'
import { createClientProofs } from '../oidc/client-auth.ts'
import { dpopThumbprint } from '../oidc/dpop-key.ts'
import type { Provider } from '../oidc/provider.ts'
import { type RequestedToken, requestAccessToken } from './token-request.ts'

/** A token request that is ready to be sent. */
export interface MachineTokenGrantRequest {
  /** Names everything that the answer depends on: what a cache may go by (T9, CVE-2025-26620). */
  readonly cacheName: string
  readonly dpopKey: JsonWebKey | undefined
  /** Never rejects. */
  send(): Promise<RequestedToken>
}

export interface MachineTokenGrantDeps {
  readonly oidc: OidcSettings
  readonly provider: Pick<Provider, 'call'>
  readonly parameters: TokenParameters
  now(): number
}

/** `scope`, `resource` and more for one use, in place of the client's own. */
export type AskedParameters = Readonly<Record<string, string>>

export interface MachineTokenGrant {
  /** What the hook adds at present. Throws, or rejects, when the hook does. */
  added(asked: AskedParameters): ReturnType<TokenParameters>
  /** @param dpopKey private JWK for clients with `dpop` */
  prepare(
    added: AddedParameters,
    asked: AskedParameters,
    dpopKey: JsonWebKey | undefined,
  ): Promise<MachineTokenGrantRequest>
}

/** The client_credentials grant (RFC 6749 section 4.4) of one named client. */
export function createMachineTokenGrant(
  settings: ClientSettings,
  deps: MachineTokenGrantDeps,
): MachineTokenGrant {
  const { oidc } = deps
  const { clientId, tokenEndpoint, scope, resource, audience } = settings
  const proofs = createClientProofs(
    settings.auth,
    tokenEndpoint === undefined ? oidc.assertionAudience : 'issuer',
  )
  const target = given({ resource, scope })

  const added = (asked: AskedParameters) => {
    const { scope = target.scope, resource = target.resource } = asked
    const request = { client: settings.name, ...given({ resource, scope }) }
    return deps.parameters({ grant: 'client_credentials', ...request })
  }

  const prepare: MachineTokenGrant['prepare'] = async (extra, asked, dpopKey) => {
    const parameters: Record<string, string> = {
      ...settings.parameters,
      ...extra,
      ...target,
      ...given({ audience }),
      ...asked,
    }
    const cacheName = JSON.stringify([
      oidc.issuer,
      tokenEndpoint ?? null,
      clientId,
      settings.auth.method,
      Object.entries({ ...parameters, scope: sortedScope(parameters.scope) }).sort(),
      dpopKey ? await dpopThumbprint(dpopKey) : null,
    ])

    return {
      cacheName,
      dpopKey,
      send: () =>
        requestAccessToken(deps, {
          dpopKey,
          client: {
            clientId,
            proofs,
            ...given({ tokenEndpoint }),
          },
          grant: (configuration, proof) =>
            client.clientCredentialsGrant(configuration, parameters, proof),
        }),
    }
  }

  return { added, prepare }
}

function sortedScope(scope: string | undefined): string {
  return scope?.split(' ').filter(Boolean).sort().join(' ') ?? ''
}
