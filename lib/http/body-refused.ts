/** Why whoever reads a body sees it break off: it came too slowly, or was too large. A problem's code. */
export type BodyRefusal = 'request_timeout' | 'body_too_large'

export class BodyRefusedError extends Error {
  readonly code: BodyRefusal

  constructor(code: BodyRefusal) {
    super(code)
    this.code = code
  }
}
