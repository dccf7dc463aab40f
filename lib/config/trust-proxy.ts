import { isIP } from 'node:net'
import { unixPeer } from '../http/forwarded.ts'
import { type Environment, onVercel, readerOf, type Variables } from './env.ts'
import { unixPrefix } from './listen.ts'
import type { Report } from './report.ts'

export const trustVariables = {
  BFF_TRUST_PROXY: {
    meaning:
      "Whose `X-Forwarded-For` is believed: nobody's (`none`), Vercel's (`vercel`), or that of addresses and CIDRs separated by commas; `unix` among them: of whoever connects to the socket of `HOST`. Other forwarded headers, `Forwarded` too, are never read.",
    default: 'none',
    example: '10.0.0.0/8',
  },
} as const satisfies Variables

const read = readerOf(trustVariables)

/** Whose forwarded headers are believed: nobody's, Vercel's, or those from these CIDRs (`unix`: from our socket). */
export type TrustProxy = 'none' | 'vercel' | readonly string[]

const fix = "write none, vercel, unix, or your proxies' addresses as 10.0.0.0/8, 192.0.2.7"

/** BFF_TRUST_PROXY: `none`, `vercel`, or a list of addresses and CIDRs; `unix` for peers on the socket of HOST. */
export function trustProxy(
  env: Environment,
  { host, report }: { host: string; report: Report },
): TrustProxy {
  const text = read(env, 'BFF_TRUST_PROXY')
  if (text === 'none') {
    if (onVercel(env)) {
      report.note('BFF_TRUST_PROXY is none: set it to vercel, or all visitors share one address.')
    }
    return 'none'
  }
  if (text === 'vercel') {
    if (!onVercel(env)) {
      report.note(
        'BFF_TRUST_PROXY is vercel, but this is not Vercel: visitors can forge addresses.',
      )
    }
    return 'vercel'
  }
  const ranges = text.split(',').map((range) => range.trim())
  for (const range of ranges) {
    if (range === unixPeer) {
      if (!host.startsWith(unixPrefix)) {
        report.note(
          'BFF_TRUST_PROXY has unix, but HOST is no Unix socket: nobody is trusted by it.',
        )
      }
      continue
    }
    const bits = prefixBits(range)
    if (bits === undefined) {
      report.problem('BFF_TRUST_PROXY', `has ${JSON.stringify(range)}, which is no CIDR`, fix)
    } else if (bits === 0) {
      report.note(`BFF_TRUST_PROXY has ${range}: every visitor can forge forwarded headers.`)
    }
  }
  return ranges
}

/** Length of the prefix of an address or CIDR; undefined when it is neither. */
function prefixBits(range: string): number | undefined {
  const [address = '', prefix, ...rest] = range.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return undefined
  const longest = family === 4 ? 32 : 128
  if (prefix === undefined) return longest
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest ? Number(prefix) : undefined
}
