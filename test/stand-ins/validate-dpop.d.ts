// The check of a DPoP proof, nonces included, that the provider's own grants make; it comes without types.
declare module 'oidc-provider/lib/helpers/validate_dpop.js' {
  import type Provider from 'oidc-provider'
  import type { KoaContextWithOIDC } from 'oidc-provider'

  interface Proof {
    readonly thumbprint: string
  }

  /** Undefined without a proof; throws for one that is not valid, or lacks its nonce. */
  export default function validateDpop(
    provider: Provider,
    ctx: KoaContextWithOIDC,
  ): Promise<Proof | undefined>

  /** Throws for a proof that was used before. */
  export function checkDpopReplay(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    proof: Proof | undefined,
    clientId: string,
  ): Promise<void>
}
