import { isIPv6 } from 'node:net'

/** Whom an address counts for: who has one of IPv6 has all 2^64 of its network (RFC 4291 section 2.5.1). */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const zeros = Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0)
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}

function groupsOf(text: string): number[] {
  // An IPv4 address at the end stands for two groups, and is never among the first four.
  return text === ''
    ? []
    : text.split(':').flatMap((it) => (it.includes('.') ? [0, 0] : [parseInt(it, 16)]))
}
