import { createSecureContext } from 'node:tls'
import * as z from 'zod'
import type { ClientCertificate } from '../http/outgoing.ts'
import { readPem } from './pem-file.ts'
import type { Report } from './report.ts'
import { text } from './schema-leaf.ts'

export const tls = z.strictObject({
  /** Required. File with the certificate in PEM, then those between it and its authority, if there are any. */
  certFile: text(),
  /** Required. File with the private key in PEM, without a password. */
  keyFile: text(),
})

/** The certificate that a `tls` setting names. */
export function clientCertificate(
  setting: string,
  { certFile, keyFile }: z.output<typeof tls>,
  report: Report,
): ClientCertificate | undefined {
  const cert = readPem(`${setting}.certFile`, certFile, report)
  const key = readPem(`${setting}.keyFile`, keyFile, report)
  if (cert === undefined || key === undefined) return undefined
  try {
    createSecureContext({ cert, key })
    return { cert, key }
  } catch {
    report.problem(setting, 'is not a certificate with its key', 'give a pair in PEM, no password')
    return undefined
  }
}
