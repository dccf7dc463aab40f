import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'

/**
 * A key and a certificate for 127.0.0.1 and the names, made for one test run and trusted by nobody else. It is
 * its own authority.
 */
export function selfSigned(...names: string[]): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = certificateBody(publicKey, names)
  const signature = createSign('sha256').update(body).sign(privateKey)
  const der = sequence(body, sequence(ecdsaWithSha256), tag(0x03, Buffer.from([0]), signature))
  const base64 = der.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  }
}

// RFC 5280 in DER, no more of it than a TLS client looks at.
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex')
const commonName = Buffer.from('0603550403', 'hex')
const subjectAltName = Buffer.from('0603551d11', 'hex')
const basicConstraints = Buffer.from('0603551d13', 'hex')

function certificateBody(publicKey: KeyObject, names: readonly string[]): Buffer {
  const name = sequence(tag(0x31, sequence(commonName, tag(0x0c, Buffer.from('test')))))
  const validity = sequence(time('200101000000Z'), time('491231235959Z'))
  const address = sequence(
    tag(0x87, Buffer.from([127, 0, 0, 1])),
    ...names.map((each) => tag(0x82, Buffer.from(each))),
  )
  const isAuthority = sequence(Buffer.from('0101ff', 'hex'))
  const extensions = sequence(
    sequence(subjectAltName, tag(0x04, address)),
    sequence(basicConstraints, tag(0x04, isAuthority)),
  )
  return sequence(
    tag(0xa0, Buffer.from('020102', 'hex')),
    Buffer.from('020101', 'hex'),
    sequence(ecdsaWithSha256),
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, extensions),
  )
}

const sequence = (...parts: Buffer[]) => tag(0x30, ...parts)
const time = (text: string) => tag(0x17, Buffer.from(text))

function tag(type: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([type, ...size]), content])
}
