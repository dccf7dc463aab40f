const ipv4 =
  /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./
const ipv6 = /^(?:::1$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i

/**
 * Whether an IP address, as a socket shows it, is on loopback or in a private network: RFC 1918, link-local,
 * unique local (RFC 4193), and the shared space (RFC 6598) in which clusters number their nodes.
 */
export function isPrivateAddress(address: string): boolean {
  return address.includes(':') ? ipv6.test(address) : ipv4.test(address)
}
