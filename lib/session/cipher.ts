import { CompactEncrypt, compactDecrypt } from 'jose'
import { deriveKeys, type KeyPurpose } from './keys.ts'

/** Encrypts what the store holds (S6). */
export interface Cipher {
  /** `place` is the store key: a value moved to another key cannot be read there. */
  encrypt(place: string, text: string): Promise<string>
  /** Undefined for whatever this cipher did not write for this place. Never rejects. */
  decrypt(
    place: string,
    value: string,
  ): Promise<{ readonly text: string; readonly outdated: boolean } | undefined>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A256GCM under a key derived for the purpose; `kid` names the secret, the newest one encrypts (S5). */
export function createCipher(secrets: readonly string[], purpose: KeyPurpose): Cipher {
  const keys = deriveKeys(secrets, purpose)
  const [newest] = keys
  if (!newest) throw new TypeError('a cipher needs a secret')
  const byId = new Map(keys.map(({ id, bytes }) => [id, new Uint8Array(bytes)]))
  return {
    encrypt(place, text) {
      return new CompactEncrypt(encoder.encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: newest.id, place })
        .encrypt(new Uint8Array(newest.bytes))
    },
    async decrypt(place, value) {
      try {
        const { plaintext, protectedHeader } = await compactDecrypt(
          value,
          (header) => {
            const key = byId.get(header.kid ?? '')
            if (!key) throw new Error('unknown key')
            return key
          },
          { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
        )
        if (protectedHeader.place !== place) return undefined
        return { text: decoder.decode(plaintext), outdated: protectedHeader.kid !== newest.id }
      } catch {
        return undefined
      }
    },
  }
}
