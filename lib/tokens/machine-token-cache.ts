import { sha256 } from '../http/sha256.ts'
import type { Cipher } from '../session/cipher.ts'
import type { AccessToken } from '../session/session.ts'
import type { Entry, KeyValue } from '../store/key-value.ts'

/** Machine tokens and machine keys in the store, encrypted, shared by all instances. */
export interface MachineTokenCache {
  /** The store key of a token: the hash of the name, which holds client ids and parameters. */
  nameOf(name: string): string
  readToken(name: string): Promise<AccessToken | undefined>
  writeToken(name: string, token: AccessToken): Promise<void>
  removeToken(name: string): Promise<void>
  /** The DPoP key under `name`; `candidate` is kept when there is none yet. */
  sharedKey(name: string, candidate: () => Promise<JsonWebKey>): Promise<JsonWebKey>
}

/** A token without `expires_in` is used until a 401, but not kept here for ever. */
const endlessMs = 60 * 60_000
/** Of DPoP keys: long enough to be shared, short enough to be changed now and then. */
const keyMs = 90 * 24 * 60 * 60_000

/** Everything rejects with StoreUnavailableError. */
export function createMachineTokenCache({
  store,
  cipher,
  now,
}: {
  store: KeyValue
  /** For the purpose `machine-token`. */
  cipher: Cipher
  now(): number
}): MachineTokenCache {
  async function open(key: string, entry: Entry | undefined): Promise<unknown> {
    const opened = entry && (await cipher.decrypt(key, entry.value))
    return opened && JSON.parse(opened.text)
  }

  /** False when another instance wrote meanwhile. */
  async function write(key: string, entry: Entry | undefined, value: unknown, ttlMs: number) {
    const sealed = await cipher.encrypt(key, JSON.stringify(value))
    if (!entry) return store.create(key, sealed, ttlMs)
    return (await store.replace(key, entry.version, sealed, ttlMs)) !== undefined
  }

  return {
    nameOf: tokenKey,
    async readToken(name) {
      const key = tokenKey(name)
      return (await open(key, await store.getFresh(key))) as AccessToken | undefined
    },
    async writeToken(name, token) {
      const ttlMs = token.expiresAt === undefined ? endlessMs : token.expiresAt - now()
      if (ttlMs <= 0) return
      const key = tokenKey(name)
      await write(key, await store.getFresh(key), token, ttlMs)
    },
    async removeToken(name) {
      await store.delete(tokenKey(name))
    },
    async sharedKey(name, candidate) {
      const key = `machine-key:${sha256(name)}`
      for (;;) {
        const entry = await store.getFresh(key)
        // One that no secret of ours opens is replaced.
        const known = (await open(key, entry)) as JsonWebKey | undefined
        if (known) return known
        const made = await candidate()
        if (await write(key, entry, made, keyMs)) return made
      }
    },
  }
}

const tokenKey = (name: string) => `machine-token:${sha256(name)}`
