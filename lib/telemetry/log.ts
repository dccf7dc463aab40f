import type { ProblemCode } from '../http/problem.ts'

/**
 * The catalogue: every event that can be logged, its level and its fields. An unknown event or field
 * does not compile, and no field can hold a token, a code, a cookie or a secret. Fields hold what the
 * operator needs: codes, counts, names, ids that are no credentials.
 */
export interface LogFields {
  'server.started': { url: string; host: 'node' | 'next'; store: string; pid: number }
  'server.stopping': { signal: string; inFlight: number }
  'server.stopped': { forced: boolean }
  'worker.ended': { pid: number; code: number | null; signal: string | null; restartInMs: number }
  'config.note': { note: string }
  'request.failed': { requestId: string; code: ProblemCode; route: string; cause?: unknown }
  'request.refused': Refused & { code: ProblemCode; route: string }
  'request.suspicious': Refused & { what: SuspiciousRequest; route: string }
  'sign_in.started': { requestId: string; restart: boolean }
  'sign_in.succeeded': { requestId: string; sub: string; sid?: string }
  'sign_in.failed': SignInFailure & { suppressed?: number }
  'sign_in.acr_missing': { requestId: string; sub: string }
  'sign_out.done': { requestId?: string; sub: string; reason: SignOutReason }
  'session.unreadable': { reason: string }
  'session.touch_failed': { cause: unknown }
  'session.end_failed': { cause: unknown }
  'token.refreshed': { sub: string; resource?: string; expiresInSeconds?: number; waitedMs: number }
  'token.refresh.rejected': { sub: string; error?: string; status?: number }
  'token.refresh.unavailable': { sub: string; error?: string; status?: number; cause?: unknown }
  'token.refresh.misconfigured': { sub?: string; error?: string; status?: number; fix: string }
  'token.refresh.orphaned': { sub: string }
  'token.refresh.id_token_refused': { sub: string; cause: unknown }
  'token.machine.obtained': { client: string; expiresInSeconds?: number }
  'token.machine.failed': { client: string; error?: string; status?: number; cause?: unknown }
  'token.exchange.failed': { remote: string; error?: string; status?: number; cause?: unknown }
  'token.revoked': { sub: string; kind: 'refresh_token' | 'access_token' }
  'token.revocation_needless': {
    sub: string
    kind: 'access_token' | 'refresh_token'
    cause: unknown
  }
  'token.revocation_failed': { sub: string; kind: 'refresh_token' | 'access_token'; cause: unknown }
  'lease.lost': { what: string }
  'provider.discovered': { issuer: string }
  'provider.unavailable': { issuer: string; cause: unknown }
  'remote.failed': { requestId: string; remote: string; code: ProblemCode; cause?: unknown }
  'remote.aborted': {
    requestId: string
    remote: string
    by: 'client' | 'upstream' | 'server'
    cause?: unknown
  }
  'remote.circuit_opened': { remote: string; failures: number }
  'remote.circuit_closed': { remote: string }
  'logout_token.refused': Refused & { reason: string }
  'store.unavailable': { store: string; cause: unknown }
  'store.recovered': { store: string; downMs: number }
  'store.exposed': { file: string; tightened: boolean }
  misconfiguration: { what: string; fix: string }
  'unexpected.error': { where: string; cause: unknown }
}

export interface SignInFailure {
  requestId: string
  code: ProblemCode
  /** OAuth error code. */
  error?: string
  /** Which claim of what was refused, what was found there and what was expected (A8). */
  token?: string
  claim?: string
  found?: string
  expected?: string
  /** Whose clock looks wrong. */
  clock?: string
  cause?: unknown
}

/** Of requests that strangers make. */
export interface Refused {
  requestId: string
  /** The address of the client, where it is known (A5). */
  client?: string | undefined
  /** How many like it were left out of the log before it. */
  suppressed?: number
}

/** What was answered as usual, and is worth a look all the same. */
export type SuspiciousRequest =
  | 'forged_ticket'
  | 'foreign_callback'
  | 'replayed_callback'
  | 'frontchannel_missed'

export type SignOutReason =
  | 'user'
  | 'replaced'
  | 'refresh_rejected'
  | 'backchannel'
  | 'frontchannel'
  | 'administrator'
  | 'expired'

export type LogEvent = keyof LogFields
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export const eventLevels: Record<LogEvent, LogLevel> = {
  'server.started': 'info',
  'server.stopping': 'info',
  'server.stopped': 'info',
  'worker.ended': 'error',
  'config.note': 'warn',
  'request.failed': 'error',
  'request.refused': 'info',
  'request.suspicious': 'info',
  'sign_in.started': 'debug',
  'sign_in.succeeded': 'info',
  'sign_in.failed': 'warn',
  'sign_in.acr_missing': 'warn',
  'sign_out.done': 'info',
  'session.unreadable': 'debug',
  'session.touch_failed': 'warn',
  'session.end_failed': 'error',
  'token.refreshed': 'debug',
  'token.refresh.rejected': 'info',
  'token.refresh.unavailable': 'warn',
  'token.refresh.misconfigured': 'error',
  'token.refresh.orphaned': 'info',
  'token.refresh.id_token_refused': 'warn',
  'token.machine.obtained': 'debug',
  'token.machine.failed': 'warn',
  'token.exchange.failed': 'warn',
  'token.revoked': 'debug',
  'token.revocation_needless': 'debug',
  'token.revocation_failed': 'warn',
  'lease.lost': 'warn',
  'provider.discovered': 'info',
  'provider.unavailable': 'warn',
  'remote.failed': 'warn',
  'remote.aborted': 'debug',
  'remote.circuit_opened': 'error',
  'remote.circuit_closed': 'info',
  'logout_token.refused': 'warn',
  'store.unavailable': 'error',
  'store.recovered': 'warn',
  'store.exposed': 'warn',
  misconfiguration: 'warn',
  'unexpected.error': 'error',
}

/** Where events go. `createPinoLog` writes JSON lines; tests pass a recorder. */
export interface Log {
  event<E extends LogEvent>(event: E, fields: LogFields[E]): void
}
