import { createHash } from 'node:crypto'

/** The store's name for what an issuer calls `value`, a `sub` or a `sid`: a dump of the store names nobody. */
export function subjectKey(kind: string, issuer: string, value: string): string {
  return `${kind}:${createHash('sha256').update(`${issuer}\0${value}`).digest('base64url')}`
}
