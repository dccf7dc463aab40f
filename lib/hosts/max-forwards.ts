/** RFC 9110 section 7.6.2: who asks by OPTIONS or TRACE may say how far the question goes. (TRACE goes nowhere.) */

/** True when an OPTIONS goes no further than to us. */
export function endsHere(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some((value, i) => isCounter(rawHeaders, i) && /^0+$/.test(value))
}

/** The headers of an OPTIONS with one step less to go; of any other request, for which nothing is counted, as they are. */
export function withOneStepLess(method: string, rawHeaders: readonly string[]): readonly string[] {
  if (method !== 'OPTIONS') return rawHeaders
  return rawHeaders.map((value, i) => {
    if (!isCounter(rawHeaders, i) || !/^\d+$/.test(value)) return value
    return String(Math.min(Number(value), Number.MAX_SAFE_INTEGER) - 1)
  })
}

/** Whether the value at this place of a flat list is the counter's. */
function isCounter(rawHeaders: readonly string[], i: number): boolean {
  return i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'max-forwards'
}
