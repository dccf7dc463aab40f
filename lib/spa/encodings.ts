/** Content codings in which a file may lie beside itself, best first, and the ending of its name. */
export const encodings = [
  { coding: 'br', ending: '.br' },
  { coding: 'gzip', ending: '.gz' },
] as const

/** Whether an `Accept-Encoding` names a coding, by name or by `*`, and does not refuse it (RFC 9110 section 12.5.3). */
export function accepts(header: string | undefined, coding: string): boolean {
  let any = false
  for (const part of (header ?? '').toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((each) => each.trim())
    const refused = parameters.some((each) => /^q=0(\.0*)?$/.test(each))
    if (name === coding) return !refused
    if (name === '*') any = !refused
  }
  return any
}
