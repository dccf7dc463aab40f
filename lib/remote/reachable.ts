import { BlockList, isIP } from 'node:net'

/**
 * Whether a browser somewhere on the network gets to a host, by its name as a parsed URL has it: not to
 * loopback, private and other addresses that no network forwards, and names of one label (P25).
 */
export function isReachable(hostname: string): boolean {
  const name = plainHost(hostname)
  if (name.startsWith('[')) return !specialPurpose.check(name.slice(1, -1), 'ipv6')
  if (isIP(name) === 4) return !specialPurpose.check(name, 'ipv4')
  return name.includes('.') && !/\.local(?:host|domain)$/.test(name)
}

/** One spelling of a parsed URL's host: without the root's dot, and an IPv4 address that IPv6 carries as it is. */
export function plainHost(hostname: string): string {
  const name = hostname.replace(/\.$/, '')
  return name.startsWith('[') ? (ipv4Within(name.slice(1, -1)) ?? name) : name
}

/**
 * What the registries of special-purpose addresses (RFC 6890) call not globally reachable, and multicast. Those
 * of examples are among them: nobody has them.
 */
const specialPurpose = blockListOf([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['64:ff9b:1::/48', '100::/64', '100:0:0:1::/64', '2001:2::/48', '2001:10::/28'],
  ...['2001:db8::/32', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/9', 'ff00::/8'],
])

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** What stands before an IPv4 address that an IPv6 one carries, in groups. */
const carriers = [
  // RFC 4291 section 2.5.5: mapped, and compatible. `[::1]` and `[::]` are among the latter, as 0.0.0.1 and 0.0.0.0.
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0, 0],
  // Translated: RFC 2765 section 2.1, RFC 6052 section 2.1.
  [0, 0, 0, 0, 0xffff, 0],
  [0x64, 0xff9b, 0, 0, 0, 0],
  // RFC 3056 section 2: 6to4.
  [0x2002],
]

function ipv4Within(address: string): string | undefined {
  const groups = groupsOf(address)
  const carrier = carriers.find((prefix) => prefix.every((group, i) => group === groups[i]))
  if (!carrier) return undefined
  const [high = 0, low = 0] = groups.slice(carrier.length)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight groups of an address as a parsed URL writes it (RFC 5952). */
function groupsOf(address: string): number[] {
  const [before = [], after = []] = address
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((it) => Number.parseInt(it, 16))))
  return [...before, ...Array(8 - before.length - after.length).fill(0), ...after]
}
