/** How many parts the keys of a cluster fall into. */
export const slotCount = 16_384

/** CRC-16/XMODEM, by which a cluster chooses the slot of a key (cluster specification). */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/** Of a key as it is called in Redis: all of it, or what stands in its first braces. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) {
    crc = ((crc << 8) ^ (table[((crc >> 8) ^ byte) & 0xff] as number)) & 0xffff
  }
  return crc % slotCount
}

/** One range of slots, and who has it: `host:port`, the master first. */
export interface SlotRange {
  readonly from: number
  readonly to: number
  readonly nodes: readonly string[]
}

/** The reply to `CLUSTER SLOTS`. A node that does not know its own host has that by which it was asked. */
export function parseSlots(reply: unknown, askedHost: string): SlotRange[] {
  if (!Array.isArray(reply)) throw new Error('an answer that is no list of slots')
  return reply.map((range) => {
    const [from, to, ...nodes] = range as [number, number, ...[string | null, number][]]
    const places = nodes.map(([host, port]) => placeOf(host || askedHost, port))
    return { from: Number(from), to: Number(to), nodes: places }
  })
}

export function placeOf(host: string, port: number | string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
