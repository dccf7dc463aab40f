import { accepted, type Parsed, refused } from './parsed.ts'

/** A number of bytes, or `'512KB'`, `'10MB'`, `'1GB'` (multiples of 1024). */
export type ByteSize = number | `${number}${'KB' | 'MB' | 'GB'}`

const bytesPerUnit = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }
const pattern = /^(\d{1,9})(KB|MB|GB)$/i

/** Whole bytes. Zero is a size: it allows no body at all. */
export function parseByteSize(value: unknown): Parsed<number> {
  const match = typeof value === 'string' ? pattern.exec(value) : null
  const unit = match?.[2]?.toUpperCase() as keyof typeof bytesPerUnit | undefined
  const bytes = unit ? Number(match?.[1]) * bytesPerUnit[unit] : value
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0
    ? accepted(bytes)
    : refused('is not a size', `write bytes, or '512KB', '10MB', '1GB'`)
}
