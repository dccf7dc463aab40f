import { generate } from 'selfsigned'

/**
 * A key and a certificate for 127.0.0.1 and the names, made for one test run and trusted by nobody else. It is
 * its own authority.
 */
export async function selfSigned(...names: string[]): Promise<{ key: string; cert: string }> {
  const altNames = [
    { type: 7, ip: '127.0.0.1' } as const,
    ...names.map((value) => ({ type: 2, value }) as const),
  ]
  const made = await generate([{ name: 'commonName', value: 'test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { key: made.private, cert: made.cert }
}
