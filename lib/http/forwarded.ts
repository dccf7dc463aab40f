import { BlockList, isIP } from 'node:net'
import { stripWhiteSpace } from './white-space.ts'

/** Whether the forwarded headers that a peer (an IP address) sends are believed. */
export type ForwardedTrust = (peerAddress: string) => boolean

/**
 * Trust in `X-Forwarded-*`, made of the setting `BFF_TRUST_PROXY`: nobody's, everybody's (on Vercel
 * only the platform can reach us, and it overwrites what the client sent), or that of these CIDRs.
 */
export function createForwardedTrust(
  trustProxy: 'none' | 'vercel' | readonly string[],
): ForwardedTrust {
  if (trustProxy === 'none') return () => false
  if (trustProxy === 'vercel') return () => true
  const list = new BlockList()
  for (const cidr of trustProxy) addCidr(list, cidr)
  return (peerAddress) => {
    const address = plainAddress(peerAddress)
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/**
 * The address of the client behind a connection: the peer's own, unless the peer is trusted; then the
 * last address of `X-Forwarded-For` that is not itself a trusted proxy. Whatever stands to the left
 * of that one was written by somebody whom nobody vouches for.
 */
export function clientAddress(
  peerAddress: string,
  forwardedFor: string | undefined,
  trusts: ForwardedTrust,
): string {
  let client = plainAddress(peerAddress)
  if (forwardedFor === undefined) return client
  const hops = forwardedFor.split(',')
  while (hops.length > 0 && trusts(client)) {
    const hop = plainAddress(stripWhiteSpace(hops.pop() ?? ''))
    if (isIP(hop) === 0) break
    client = hop
  }
  return client
}

/** `::ffff:192.0.2.1`, as a dual-stack socket shows an IPv4 peer, is `192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

function addCidr(list: BlockList, cidr: string): void {
  const slash = cidr.indexOf('/')
  const address = slash < 0 ? cidr : cidr.slice(0, slash)
  const family = isIP(address)
  if (family === 0) throw new TypeError(`not a network in CIDR notation: ${cidr}`)
  const longest = family === 6 ? 128 : 32
  const prefix = slash < 0 ? longest : Number(cidr.slice(slash + 1))
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
}
