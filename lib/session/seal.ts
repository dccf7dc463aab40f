import { sealData, unsealData } from 'iron-session'
import { deriveKeys, type KeyPurpose } from './keys.ts'

/** Seals small JSON values for the browser to carry, each bound to its purpose. */
export interface Seal {
  seal(value: object): Promise<string>
  /** The value, or undefined for whatever was not sealed by us for this purpose. Never rejects. */
  unseal(
    sealed: string,
  ): Promise<{ readonly value: Record<string, unknown>; readonly outdated: boolean } | undefined>
}

/** Longer than any browser stores: what is longer was never ours. */
const maxSealedLength = 4096

/** A seal for one purpose. The first secret seals, all unseal; `outdated` tells that it was a later one (S5). */
export function createSeal(secrets: readonly string[], purpose: KeyPurpose): Seal {
  const keys = deriveKeys(secrets, purpose).map(({ id, bytes }) => ({
    id: Number.parseInt(id, 16),
    password: bytes.toString('base64url'),
  }))
  const [newest] = keys
  if (!newest) throw new TypeError('a seal needs a secret')
  const all = Object.fromEntries(keys.map(({ id, password }) => [id, password]))
  return {
    async seal(value) {
      // ttl 0: expiry is a field of ours, checked by our clock. The version mark after `~` is outside
      // of the seal's integrity check, so it is not sent and not accepted.
      const sealed = await sealData(value, { password: { [newest.id]: newest.password }, ttl: 0 })
      return sealed.slice(0, sealed.lastIndexOf('~'))
    },
    async unseal(sealed) {
      if (sealed.length > maxSealedLength || sealed.includes('~')) return undefined
      if (!endsCanonically(sealed)) return undefined
      const value: unknown = await unsealData(sealed, { password: all, ttl: 0 }).catch(
        () => undefined,
      )
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
      if (Object.keys(value).length === 0) return undefined
      const outdated = !sealed.startsWith(`Fe26.2*${newest.id}*`)
      return { value: value as Record<string, unknown>, outdated }
    },
  }
}

/** The last character of a signature has bits that mean nothing: changed, it would be as good a seal. */
function endsCanonically(sealed: string): boolean {
  const signature = sealed.slice(sealed.lastIndexOf('*') + 1)
  return Buffer.from(signature, 'base64url').toString('base64url') === signature
}
