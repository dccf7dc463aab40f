import { sha256 } from '../http/sha256.ts'

/** The store's name for what an issuer calls `value`, a `sub` or a `sid`: a dump of the store names nobody. */
export function subjectKey(kind: string, issuer: string, value: string): string {
  return `${kind}:${sha256(`${issuer}\0${value}`)}`
}
