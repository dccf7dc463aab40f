import { createHmac } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** How a token is signed: by default as an honest provider would, with the newest key. */
export interface SignOptions {
  /** `none` gives an unsigned token; `HS256` signs with `secret`. Default `RS256`. */
  alg?: 'RS256' | 'ES256' | 'HS256' | 'none'
  /** Null leaves the `kid` out of the header. Default: that of the key. */
  kid?: string | null
  typ?: string
  /** `foreign` signs with a key that the JWKS does not hold, `old` with the one before the last rotation. */
  key?: 'current' | 'foreign' | 'old'
  secret?: string
}

type Alg = 'RS256' | 'ES256'
type KeySet = Record<Alg, { kid: string; privateKey: CryptoKey; publicJwk: JWK }>

/** The signing keys of a scripted provider. */
export interface ScriptedKeys {
  jwks(): { keys: JWK[] }
  rotate(): Promise<void>
  sign(claims: Record<string, unknown>, options?: SignOptions): Promise<string>
}

export async function createScriptedKeys(): Promise<ScriptedKeys> {
  let generation = 0
  let old: KeySet | undefined
  let current = await generateKeySet(`key-${generation}`)
  let foreign: KeySet | undefined

  async function pick(which: SignOptions['key']): Promise<KeySet> {
    if (which === 'old') return old ?? current
    if (which !== 'foreign') return current
    foreign ??= await generateKeySet('foreign')
    return foreign
  }

  return {
    jwks: () => ({ keys: Object.values(current).map((key) => key.publicJwk) }),

    async rotate() {
      generation += 1
      old = current
      current = await generateKeySet(`key-${generation}`)
    },

    async sign(claims, { alg = 'RS256', kid, typ, key, secret } = {}) {
      const header = { alg, ...(typ === undefined ? {} : { typ }) }
      if (alg === 'none') return `${encode(header)}.${encode(claims)}.`
      if (alg === 'HS256') {
        const input = `${encode({ ...header, ...(kid ? { kid } : {}) })}.${encode(claims)}`
        return `${input}.${createHmac('sha256', secret ?? '')
          .update(input)
          .digest('base64url')}`
      }
      const chosen = (await pick(key))[alg]
      const name = kid === undefined ? chosen.kid : kid
      return new SignJWT(claims)
        .setProtectedHeader({ ...header, ...(name === null ? {} : { kid: name }) })
        .sign(chosen.privateKey)
    },
  }
}

async function generateKeySet(prefix: string): Promise<KeySet> {
  const [RS256, ES256] = await Promise.all([
    generateKey(prefix, 'RS256'),
    generateKey(prefix, 'ES256'),
  ])
  return { RS256, ES256 }
}

async function generateKey(prefix: string, alg: Alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const kid = `${prefix}-${alg.toLowerCase()}`
  const publicJwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  return { kid, privateKey, publicJwk }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
