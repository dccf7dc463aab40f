import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { parseOptions } from './options.ts'
import { type Command, UsageError } from './terminal.ts'

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<Record<'privateKey' | 'publicKey', JsonWebKey>>
const jwk = { publicKeyEncoding: { format: 'jwk' }, privateKeyEncoding: { format: 'jwk' } }
const rsa = () => generate('rsa', { ...jwk, modulusLength: 3072 })
const curve = (namedCurve: string) => () => generate('ec', { ...jwk, namedCurve })

/** By `alg` of RFC 7518 and RFC 8037. */
const makers: Readonly<
  Record<string, () => Promise<Record<'privateKey' | 'publicKey', JsonWebKey>>>
> = {
  ES256: curve('P-256'),
  ES384: curve('P-384'),
  ES512: curve('P-521'),
  EdDSA: () => generate('ed25519', jwk),
  RS256: rsa,
  PS256: rsa,
}

/** A new `BFF_SECRET`, or a client's key. Nothing but lines for `.env` and the public key set goes to stdout. */
export const secret: Command = async (args, { out, err }) => {
  const { key: alg } = parseOptions(args, { key: { type: 'string' } })
  if (alg === undefined) {
    out(`BFF_SECRET=${randomBytes(32).toString('base64url')}`)
    return 0
  }
  const make = Object.hasOwn(makers, alg) ? makers[alg] : undefined
  if (!make) throw new UsageError(`--key takes ${Object.keys(makers).join(', ')}`)
  const { privateKey, publicKey } = await make()
  const names = { kid: randomBytes(12).toString('base64url'), alg, use: 'sig' }
  out(`OIDC_CLIENT_KEY='${JSON.stringify({ ...privateKey, ...names })}'`)
  out(JSON.stringify({ keys: [{ ...publicKey, ...names }] }))
  err('The first line is for .env. The second is the public key set, for the provider: its jwks.')
  return 0
}
