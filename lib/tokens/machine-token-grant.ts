import * as client from 'openid-client'
import type { ClientSettings } from '../config/client.ts'
import type { OidcSettings } from '../config/oidc.ts'
import type { AddedParameters, TokenParameters } from '../config/token-parameters.ts'
import { type CallFailure, callFailure } from '../oidc/call-failure.ts'
import { createClientProofs } from '../oidc/client-auth.ts'
import { dpopThumbprint } from '../oidc/dpop-key.ts'
import { grantedToken } from '../oidc/granted-token.ts'
import type { Provider } from '../oidc/provider.ts'
import { tokenLimitMs } from '../oidc/provider-fetch.ts'
import type { AccessToken } from '../session/session.ts'

/** A token request that is ready to be sent. */
export interface MachineTokenGrantRequest {
  /** Names everything that the answer depends on: what a cache may go by (T9, CVE-2025-26620). */
  readonly cacheName: string
  readonly dpopKey: JsonWebKey | undefined
  /** Never rejects. */
  send(): Promise<{ kind: 'token'; token: AccessToken } | { kind: 'failed'; failure: CallFailure }>
}

export interface MachineTokenGrantDeps {
  oidc: OidcSettings
  provider: Pick<Provider, 'call'>
  parameters: TokenParameters
  now(): number
}

export interface MachineTokenGrant {
  /** What the hook adds at present. Throws, or rejects, when the hook does. */
  added(): ReturnType<TokenParameters>
  /** @param dpopKey private JWK for clients with `dpop` */
  prepare(
    added: AddedParameters,
    dpopKey: JsonWebKey | undefined,
  ): Promise<MachineTokenGrantRequest>
}

/** The client_credentials grant (RFC 6749 section 4.4) of one named client. */
export function createMachineTokenGrant(
  settings: ClientSettings,
  deps: MachineTokenGrantDeps,
): MachineTokenGrant {
  const { oidc, provider, now } = deps
  const { clientId, tokenEndpoint, scope, resource, audience } = settings
  const proofs = createClientProofs(
    settings.auth,
    tokenEndpoint === undefined ? oidc.assertionAudience : undefined,
  )
  const target = {
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
  }

  const added = () =>
    deps.parameters({ grant: 'client_credentials', client: settings.name, ...target })

  const prepare: MachineTokenGrant['prepare'] = async (extra, dpopKey) => {
    const parameters: Record<string, string> = {
      ...settings.parameters,
      ...extra,
      ...target,
      ...(audience === undefined ? {} : { audience }),
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
      async send() {
        const endpoint = tokenEndpoint === undefined ? {} : { tokenEndpoint }
        let call: Awaited<ReturnType<typeof provider.call>> | undefined
        try {
          const opened = await provider.call({
            limitMs: tokenLimitMs,
            client: { clientId, proofs, ...endpoint },
          })
          call = opened
          const proof = dpopKey ? { DPoP: await opened.dpop(dpopKey) } : undefined
          const answer = await opened.grant(() =>
            client.clientCredentialsGrant(opened.configuration, parameters, proof),
          )
          const granted = grantedToken(answer, dpopKey ? 'dpop' : 'bearer')
          if (!granted)
            throw new Error('the token has another type than was asked for, or fits no header')
          const { expiresInSeconds, ...token } = granted
          const obtainedAt = now()
          const expiry =
            expiresInSeconds === undefined
              ? {}
              : { expiresAt: obtainedAt + expiresInSeconds * 1000 }
          return { kind: 'token', token: { ...token, obtainedAt, ...expiry } }
        } catch (error) {
          return { kind: 'failed', failure: callFailure(error, call?.answer ?? { sent: false }) }
        }
      },
    }
  }

  return { added, prepare }
}

function sortedScope(scope: string | undefined): string {
  return scope?.split(' ').filter(Boolean).sort().join(' ') ?? ''
}
