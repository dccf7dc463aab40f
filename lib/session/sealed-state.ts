import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { deriveKeys } from './keys.ts'

/** A `state` that was opened: what it carries, and the secrets that belong to it. */
export interface OpenedState {
  readonly value: Record<string, unknown>
  /** The 32 random bytes that no other state has. */
  readonly random: Buffer
  /** Bytes for one use each; the same again only with this state, our secret and this context. @default 32 bytes */
  derive(use: string, context: string, length?: number): Buffer
}

const idBytes = 4
const randomLength = 32
const tagBytes = 16
const headBytes = idBytes + randomLength

/**
 * The `state` parameter: 32 random bytes, and what the sign-in has to remember, sealed for our eyes
 * only. The provider brings it back, so no number of tabs fills the cookie jar, and whoever comes back
 * late can be led on. AES-256-GCM under a key of its own for every state (HKDF, RFC 5869), hence no nonce.
 */
export function createSealedState(secrets: readonly string[]) {
  const keys = deriveKeys(secrets, 'transaction').map(({ id, bytes }) => ({
    id,
    // Node takes several times as long with the bytes themselves.
    secret: createSecretKey(bytes),
  }))
  const [newest] = keys
  if (!newest) throw new TypeError('a sealed state needs a secret')

  return {
    seal(value: object): { state: string } & OpenedState {
      const random = randomBytes(randomLength)
      const head = Buffer.concat([Buffer.from(newest.id, 'hex'), random])
      const { key, iv } = cipherKey(newest.secret, random)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(head)
      const sealed = [head, cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]
      const state = Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url')
      return { state, ...opened(newest.secret, random, { ...value }) }
    },
    /** Undefined for whatever this seal did not make. Never throws. */
    open(state: string): OpenedState | undefined {
      const bytes = Buffer.from(state, 'base64url')
      // Base64 has several spellings of the same bytes; only our own is ours.
      if (bytes.length <= headBytes + tagBytes || bytes.toString('base64url') !== state) return
      const id = bytes.subarray(0, idBytes).toString('hex')
      const key = keys.find((it) => it.id === id)
      const random = bytes.subarray(idBytes, headBytes)
      const value = key && decipher(key.secret, random, bytes)
      return value && opened(key.secret, random, value)
    },
  }
}

function decipher(secret: KeyObject, random: Buffer, bytes: Buffer) {
  const { key, iv } = cipherKey(secret, random)
  try {
    const plain = createDecipheriv('aes-256-gcm', key, iv)
      .setAAD(bytes.subarray(0, headBytes))
      .setAuthTag(bytes.subarray(-tagBytes))
    const text = plain.update(bytes.subarray(headBytes, -tagBytes), undefined, 'utf8')
    return JSON.parse(text + plain.final('utf8')) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function cipherKey(secret: KeyObject, random: Buffer): { key: KeyObject; iv: Buffer } {
  const both = Buffer.from(hkdfSync('sha256', secret, random, 'cloakroom state', 44))
  return { key: createSecretKey(both.subarray(0, 32)), iv: both.subarray(32) }
}

function opened(secret: KeyObject, random: Buffer, value: Record<string, unknown>) {
  const derive = (use: string, context: string, length = 32) =>
    Buffer.from(hkdfSync('sha256', secret, random, `cloakroom ${use}\0${context}`, length))
  return { value, random, derive }
}
