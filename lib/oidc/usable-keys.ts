import type { JWK } from 'jose'
import { importJWK } from 'jose/key/import'
import { keyAlgorithm } from './client-auth.ts'
import { shown } from './token-refusal.ts'

export interface UsableKeys {
  readonly keys: JWK[]
  /** Which keys were left out, and why; for the log. */
  readonly dropped: readonly string[]
}

/**
 * A key set (RFC 7517 section 5) as generously as it is used: jose refuses all of it for one odd member. What
 * is no key costs itself, and so does a parameter that says nothing; it may only narrow what a key is for.
 * Rejects for what is no key set.
 */
export async function usableKeys(body: unknown): Promise<UsableKeys> {
  const { keys: members } = Object(body) as { keys?: unknown }
  if (!Array.isArray(members)) throw new Error('the key set has no keys')
  const judged = await Promise.all(members.map(judge))
  const keys = judged.flatMap(({ key }) => key ?? [])
  const dropped = judged.flatMap(({ reason }, at) =>
    reason === undefined ? [] : `keys[${at}]: ${reason}`,
  )
  return { keys, dropped }
}

async function judge(member: unknown): Promise<{ key?: JWK; reason?: string }> {
  if (typeof member !== 'object' || member === null || Array.isArray(member)) {
    return { reason: `is ${shown(member)}` }
  }
  const key = withoutNothings(member)
  if (!isText(key.kty)) return { reason: 'has no kty' }
  // Keys for something else, or of kinds that jose knows nothing of, are simply not asked.
  if (!isForSignatures(key)) return { key }
  try {
    const imported = await importJWK(key, keyAlgorithm(key as JsonWebKey))
    if (imported instanceof Uint8Array || imported.type !== 'public') throw new Error('not public')
    const { modulusLength } = imported.algorithm as { modulusLength?: number }
    // RFC 7518 section 3.3; jose says so of each token.
    if (modulusLength !== undefined && modulusLength < 2048) throw new Error('too short')
    return { key }
  } catch {
    return { reason: `kid ${shown(key.kid)} is no usable public key` }
  }
}

/** RFC 7517 section 4, where each of these is optional. */
function withoutNothings(member: object): JWK {
  const { kid, alg, use, key_ops: operations, ext, ...rest } = member as Record<string, unknown>
  const said = Object.entries(rest).filter(([, value]) => value !== null && value !== '')
  const ops = Array.isArray(operations) ? operations.filter(isText) : []
  return {
    ...Object.fromEntries(said),
    ...(isText(kid) || typeof kid === 'number' ? { kid: String(kid) } : {}),
    ...(isText(alg) ? { alg } : {}),
    ...(isText(use) ? { use: use.toLowerCase() } : {}),
    ...(ops.length > 0 ? { key_ops: [...new Set(ops)] } : {}),
    ...(typeof ext === 'boolean' ? { ext } : {}),
  } as JWK
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

function isForSignatures({ kty, crv, use = 'sig', alg = '' }: JWK): boolean {
  if (use !== 'sig' || (alg !== '' && !/^([REP]S(256|384|512)|EdDSA|Ed25519)$/.test(alg)))
    return false
  if (kty === 'EC') return /^P-(256|384|521)$/.test(crv ?? '')
  return kty === 'RSA' || (kty === 'OKP' && crv === 'Ed25519')
}
