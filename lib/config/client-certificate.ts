import { createSecureContext } from 'node:tls'
import type { ClientCertificate } from '../http/outgoing.ts'
import { readPem } from './pem-file.ts'
import type { Report } from './report.ts'
import type { TlsConfig } from './tls-config.ts'

/** The certificate that a `tls` setting names. */
export function clientCertificate(
  setting: string,
  { certFile, keyFile }: TlsConfig,
  report: Report,
): ClientCertificate | undefined {
  const cert = readPem(`${setting}.certFile`, certFile, report)
  const key = readPem(`${setting}.keyFile`, keyFile, report)
  if (cert === undefined || key === undefined) return undefined
  try {
    createSecureContext({ cert, key })
    return { cert, key }
  } catch {
    report.problem(setting, 'is no certificate with its key', 'give a pair in PEM, no password')
    return undefined
  }
}
