import { X509Certificate } from 'node:crypto'
import { given } from '../http/given.ts'
import type { OutgoingSettings } from '../http/outgoing.ts'
import { type Environment, readerOf, readNamed, type Variables } from './env.ts'
import { readPem } from './pem-file.ts'
import type { Report } from './report.ts'

export const outgoingVariables = {
  HTTPS_PROXY: {
    meaning:
      'Proxy through which the provider and the APIs at `https:` addresses are reached, by CONNECT. User and password as in a URL. Loopback and `http:` targets are reached directly, and `HTTP_PROXY` is not read. `https_proxy` goes before it.',
    example: 'http://proxy.internal:3128',
  },
  NO_PROXY: {
    meaning:
      'Hosts that are reached past `HTTPS_PROXY`, separated by commas: names with all that is below them, addresses, CIDRs, each with a port if wanted; `*` for all. `no_proxy` goes before it.',
    example: 'internal.example.com,10.0.0.0/8',
  },
  BFF_CA_FILE: {
    meaning:
      'PEM file of certificate authorities that are believed besides the usual ones, for the provider, the APIs and the proxy.',
    example: '/etc/ssl/company.pem',
  },
} as const satisfies Variables

const read = readerOf(outgoingVariables)

/** How the process gets to the provider and to the APIs. `HTTP_PROXY` is not read: see docs/operations.md. */
export function outgoingSettings(env: Environment, report: Report): OutgoingSettings {
  const proxy = proxyOf(env, report)
  const ca = authorities(env, report)
  return { ...(proxy && { proxy }), ...given({ ca }) }
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
  const file = read(env, 'BFF_CA_FILE')
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

/** These variables have a lower-case name too, which goes before, as in other programs. */
function readEither(env: Environment, name: 'HTTPS_PROXY' | 'NO_PROXY'): string | undefined {
  return readNamed(env, name.toLowerCase()) ?? read(env, name)
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
