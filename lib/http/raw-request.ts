/** A request as it was written. */
export interface RawRequest {
  readonly method: string
  /** The request-target, path and query byte for byte as received. */
  readonly target: string
  /** Name, value, name, value, …, as received. */
  readonly rawHeaders: readonly string[]
}
