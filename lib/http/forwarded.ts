import { BlockList, isIP } from 'node:net'
import { stripWhiteSpace } from './white-space.ts'

/** Stands where others have an address: a peer on a Unix socket. */
export const unixPeer = 'unix'

/** Whether the forwarded headers that a peer (an IP address, or `unixPeer`) sends are believed. */
export type ForwardedTrust = (peerAddress: string) => boolean

/**
 * Trust in `X-Forwarded-For`, made of the setting `BFF_TRUST_PROXY`: nobody's, everybody's (on Vercel
 * only the platform can reach us, and it overwrites what the client sent), or that of these CIDRs, and of
 * peers on our Unix socket where `unix` is among them.
 */
export function createForwardedTrust(
  trustProxy: 'none' | 'vercel' | readonly string[],
): ForwardedTrust {
  if (trustProxy === 'none') return () => false
  if (trustProxy === 'vercel') return () => true
  const list = new BlockList()
  for (const cidr of trustProxy) if (cidr !== unixPeer) addCidr(list, cidr)
  const trustsUnix = trustProxy.includes(unixPeer)
  return (peerAddress) => {
    if (peerAddress === unixPeer) return trustsUnix
    const address = plainAddress(peerAddress)
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/**
 * The way that a request took, as far as somebody vouches for it: the client's address, then those of the
 * trusted proxies up to the peer of the connection. The walk begins at the peer and goes through
 * `X-Forwarded-For` from the right; it ends at the first entry that is not trusted, which is the client, or
 * that is no address. Whatever stands to the left of it was written by nobody knows whom (P34).
 */
export function forwardedChain(
  peerAddress: string,
  forwardedFor: string | undefined,
  trusts: ForwardedTrust,
): string[] {
  const peer = plainAddress(peerAddress)
  const chain = isIP(peer) === 0 ? [] : [peer]
  if (forwardedFor === undefined || !trusts(peerAddress)) return chain
  const entries = forwardedFor.split(',')
  for (let i = entries.length - 1; i >= 0; i -= 1) {
    const address = addressIn(entries[i] as string)
    if (address === undefined) break
    chain.unshift(address)
    if (!trusts(address)) break
  }
  return chain
}

/** The address of the client behind a connection; empty where it is not known. */
export function clientAddress(
  peerAddress: string,
  forwardedFor: string | undefined,
  trusts: ForwardedTrust,
): string {
  return forwardedChain(peerAddress, forwardedFor, trusts)[0] ?? ''
}

/** `::ffff:192.0.2.1`, as a dual-stack socket shows an IPv4 peer, is `192.0.2.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

/** The address in an entry of the list; some proxies write a port behind it (Azure), and IPv6 in brackets. */
function addressIn(entry: string): string | undefined {
  const text = stripWhiteSpace(entry)
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1]
  if (bare !== undefined)
    return isIP(bare) === 6 && isWithoutZone(bare) ? plainAddress(bare) : undefined
  const address = plainAddress(text.replace(/^([\d.]+):\d{1,5}$/, '$1'))
  return isIP(address) !== 0 && isWithoutZone(address) ? address : undefined
}

/** A zone (`fe80::1%eth0`) names an interface of another machine. */
function isWithoutZone(address: string): boolean {
  return !address.includes('%')
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
