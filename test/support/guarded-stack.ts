import { exportJWK, generateKeyPair } from 'jose'
import { type DemoApi, startDemoApi } from '../stand-ins/api.ts'
import { demoApiResource } from '../stand-ins/provider-config.ts'
import { type DemoStack, startDemoStack } from './demo-stack.ts'
import type { Host } from './start-cloakroom.ts'

export const reportsResource = 'urn:cloakroom:demo-reports'

/** The demo with every protection that tokens can have, all switched on at once. */
export interface GuardedStack extends DemoStack {
  /** Another API, whose tokens are for `reportsResource`. */
  readonly reports: DemoApi
}

/**
 * The provider wants pushed authorization requests, client assertions, and a DPoP proof with a nonce of
 * its own for every token. The remotes are `orders` and `reports`, each with a resource, `exchanged` with
 * a token that was exchanged, and `machine` with a machine's: all with DPoP. @public for the demo's specs
 */
export async function startGuardedStack(host: Host): Promise<GuardedStack> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const named = { kid: 'client-key', alg: 'ES256', use: 'sig' }
  let reports: DemoApi | undefined
  const stack = await startDemoStack({
    host,
    provider: {
      requireDpopNonce: true,
      accessTokenSeconds: 300,
      client: {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), ...named }] },
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
      },
    },
    env: {
      OIDC_CLIENT_SECRET: '',
      OIDC_CLIENT_KEY: JSON.stringify({ ...(await exportJWK(privateKey)), ...named }),
      OIDC_SCOPE: 'openid profile email offline_access orders.read reports.read',
    },
    async config({ provider, api }) {
      reports = await startDemoApi({ issuer: provider.issuer, audience: reportsResource })
      const target = `${reports.url}/orders`
      const ofReports = { resource: reportsResource, scope: 'reports.read' }
      return {
        oidc: { dpop: true, par: true },
        remotes: {
          orders: { target: `${api.url}/orders`, resource: demoApiResource, dpop: true },
          reports: { target, ...ofReports, dpop: true },
          exchanged: { target, exchange: ofReports, dpop: true },
          machine: { target, token: 'client', client: 'catalog', dpop: true },
        },
        clients: { catalog: { ...ofReports, dpop: true } },
      }
    },
  })
  if (!reports) throw new Error('the configuration was never asked for')
  const another = reports
  return {
    ...stack,
    reports: another,
    async close() {
      await stack.close()
      await another.close()
    },
  }
}
