import { isIP } from 'node:net'
import { isLoopback } from '../http/loopback.ts'
import { isPrivateAddress } from '../http/private-network.ts'

/**
 * Whether a browser somewhere on the network gets to a host, by its name as a parsed URL has it: not to
 * loopback, private addresses, and names of one label (P25).
 */
export function isReachable(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '')
  if (isLoopback(name) || name.endsWith('.localhost')) return false
  if (name.startsWith('[')) return !isPrivateAddress(ipv4Within(name) ?? name.slice(1, -1))
  if (isIP(name) === 4) return !isPrivateAddress(name) && !name.startsWith('0.')
  return name.includes('.')
}

/** RFC 4291 section 2.5.5.2: `[::ffff:a00:1]` is 10.0.0.1. `[::]` is what listens, which is loopback. */
function ipv4Within(literal: string): string | undefined {
  if (literal === '[::]') return '127.0.0.1'
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(literal) ?? []
  if (high === undefined || low === undefined) return undefined
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [first >> 8, first & 255, second >> 8, second & 255].join('.')
}
