import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
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

const decoder = new TextDecoder()

/**
 * A compact JWE, A256GCM under a key derived for the purpose; `kid` names the secret, the newest one encrypts (S5).
 *
 * jose reads what is written here. It does not write it: WebCrypto takes a thread and ten times as long for a few kilobytes,
 * at every sign-in and every refresh.
 */
export function createCipher(secrets: readonly string[], purpose: KeyPurpose): Cipher {
  const keys = deriveKeys(secrets, purpose)
  const [newest] = keys
  if (!newest) throw new TypeError('a cipher needs a secret')
  const secret = createSecretKey(newest.bytes)
  const byId = new Map(keys.map(({ id, bytes }) => [id, new Uint8Array(bytes)]))
  return {
    async encrypt(place, text) {
      const header = { alg: 'dir', enc: 'A256GCM', kid: newest.id, place }
      const head = Buffer.from(JSON.stringify(header)).toString('base64url')
      const iv = randomBytes(12)
      // RFC 7516 section 5.1: the encoded header is authenticated with the rest; `dir` has no encrypted key.
      const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(head))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      const parts = [iv, body, cipher.getAuthTag()].map((part) => part.toString('base64url'))
      return `${head}..${parts.join('.')}`
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
