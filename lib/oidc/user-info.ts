import * as client from 'openid-client'
import { callFailure, toProviderError } from './call-failure.ts'
import type { OpenProviderCall } from './provider-call.ts'
import { callLimitMs } from './provider-fetch.ts'
import { shown, TokenRefusal } from './token-refusal.ts'
import { usableKeys } from './usable-keys.ts'

/**
 * OpenID Connect Core section 5.3. The answer must be about `sub` (section 5.3.2, L7); a signed answer
 * has its signature verified. Rejects with TokenRefusal or ProviderError.
 */
export async function fetchUserInfo(
  accessToken: string,
  sub: string,
  dpopKey: JsonWebKey | undefined,
  open: OpenProviderCall,
): Promise<Record<string, unknown>> {
  const call = await open({ limitMs: callLimitMs })
  try {
    client.enableNonRepudiationChecks(call.configuration)
    readKeysGenerously(call.configuration)
    return await client.fetchUserInfo(
      call.configuration,
      accessToken,
      sub,
      dpopKey ? { DPoP: await call.dpop(dpopKey) } : undefined,
    )
  } catch (error) {
    const other = otherSubject(error)
    if (other !== undefined) {
      const found = shown(other.found)
      throw new TokenRefusal({ token: 'UserInfo', claim: 'sub', found, expected: shown(sub) })
    }
    const failure = callFailure(error, call.answer)
    // The token is seconds old: a provider that refuses it contradicts itself.
    throw toProviderError(
      failure.kind === 'unavailable' ? failure : { ...failure, kind: 'bad_answer' },
      failure.kind === 'unavailable'
        ? undefined
        : "let the provider answer this client's UserInfo requests, or set oidc.userinfo to 'auto' or false",
    )
  }
}

/** openid-client fetches the key set by itself, and one odd member would cost all of it. */
function readKeysGenerously(configuration: client.Configuration): void {
  const send = configuration[client.customFetch]
  const { jwks_uri: address } = configuration.serverMetadata()
  if (!send) return
  configuration[client.customFetch] = async (url, init) => {
    const response = await send(url, init)
    if (url !== address || !response.ok) return response
    const { keys } = await usableKeys(await response.json())
    return Response.json({ keys })
  }
}

/** What openid-client found in place of the `sub`. */
function otherSubject(error: unknown): { found: unknown } | undefined {
  for (let link = error; link instanceof Error; link = link.cause) {
    const { attribute, body } = Object(link.cause) as { attribute?: unknown; body?: unknown }
    if (attribute === 'sub') return { found: (Object(body) as { sub?: unknown }).sub }
  }
  return undefined
}
