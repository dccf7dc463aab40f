import { createHash, hkdfSync } from 'node:crypto'
import { sha256 } from '../http/sha256.ts'

/** What a key is for. A value made for one purpose cannot be read as another (S3). */
export type KeyPurpose =
  | 'session'
  | 'transaction'
  | 'logout'
  | 'leaving'
  | 'record'
  | 'machine-token'
  | 'left-token'
  | 'api-cookies'

export interface DerivedKey {
  /** Public name of the secret that it came from, the same in every process: 8 hex digits. */
  readonly id: string
  readonly bytes: Buffer
}

/** One 256-bit key per secret, newest secret first (HKDF, RFC 5869, with the purpose as `info`). */
export function deriveKeys(secrets: readonly string[], purpose: KeyPurpose): DerivedKey[] {
  return secrets.map((secret) => ({
    id: createHash('sha256').update(`cloakroom key id\0${secret}`).digest('hex').slice(0, 8),
    bytes: Buffer.from(hkdfSync('sha256', secret, 'cloakroom', `cloakroom ${purpose}`, 32)),
  }))
}

/**
 * How a person's own sessions are named in their list: the same each time, and of no use for anything else. Nothing leads
 * back from it, and it is neither the handle of the sign-out link nor what server code calls the session.
 */
export function listHandleOf(key: string): string {
  return sha256(`cloakroom session list\0${key}`).slice(0, 22)
}

const sessionPrefix = 'session:'

/** The store key of the session that a ticket's id names: the store never learns the id itself. */
export function sessionKeyOfTicket(id: string): string {
  return `${sessionPrefix}${sha256(id)}`
}

/** What server code calls a session: its store key without the prefix. No ticket can be made of it. */
export function publicIdOf(key: string): string {
  return key.slice(sessionPrefix.length)
}

/** The store key of a session id that server code was given. */
export function sessionKeyOf(id: string): string {
  return `${sessionPrefix}${id}`
}
