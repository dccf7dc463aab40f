import { X509Certificate } from 'node:crypto'
import type { OutgoingSettings } from '../http/outgoing.ts'
import { type Environment, readEither, readVariable } from './env.ts'
import { readPem } from './pem-file.ts'
import type { Report } from './report.ts'

/** How the process gets to the provider and to the APIs. `HTTP_PROXY` is not read: see docs/operations.md. */
export function outgoingSettings(env: Environment, report: Report): OutgoingSettings {
  const proxy = proxyOf(env, report)
  const ca = authorities(env, report)
  return { ...(proxy && { proxy }), ...(ca === undefined ? {} : { ca }) }
}

function proxyOf(env: Environment, report: Report): OutgoingSettings['proxy'] {
  const text = readEither(env, 'HTTPS_PROXY')
  if (text === undefined) return undefined
  // As curl reads it: a bare host and port is a proxy that is spoken to without TLS.
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    report.problem('HTTPS_PROXY', 'is no http(s) proxy', 'write it as http://host:port')
    return undefined
  }
  if (!isDecodable(url.username + url.password)) {
    report.problem('HTTPS_PROXY', 'has a broken escape', 'write a % in the password as %25')
    return undefined
  }
  return { url: url.href, noProxy: readEither(env, 'NO_PROXY') ?? '' }
}

function authorities(env: Environment, report: Report): string | undefined {
  const file = readVariable(env, 'BFF_CA_FILE')
  const pem = file === undefined ? undefined : readPem('BFF_CA_FILE', file, report)
  if (pem === undefined) return undefined
  if (holdsCertificates(pem)) return pem
  report.problem('BFF_CA_FILE', `names ${file}, which holds no certificates`, 'give them in PEM')
  return undefined
}

/** TLS itself would leave out what it cannot read, and say nothing. */
function holdsCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  try {
    for (const block of blocks) new X509Certificate(block)
    return blocks.length > 0
  } catch {
    return false
  }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
