/** A request as it was written. */
export interface RawRequest {
  readonly method: string
  /** The request-target, path and query byte for byte as received. */
  readonly target: string
  /** Name, value, name, value, …, as received. */
  readonly rawHeaders: readonly string[]
}

/** The first value of a header, by its name in lower case: of two `Host` lines Node takes the first. */
export function rawHeader(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const written = rawHeaders[i] as string
    if (written.length === name.length && written.toLowerCase() === name) return rawHeaders[i + 1]
  }
  return undefined
}
