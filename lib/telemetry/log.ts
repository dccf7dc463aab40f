import type { ProblemCode } from '../http/problem.ts'

/**
 * The catalogue: every event that can be logged, its level and its fields. An unknown event or field
 * does not compile, and no field can hold a token, a code, a cookie or a secret. Fields hold what the
 * operator needs: codes, counts, names, ids that are no credentials.
 */
export interface LogFields {
  readonly 'server.started': {
    readonly url: string
    readonly host: 'node' | 'next'
    readonly store: string
    readonly pid: number
  }
  readonly 'server.registers_as': {
    readonly redirectUri: string
    readonly postLogoutRedirectUri: string
    readonly client: string
    readonly issuer: string
  }
  readonly 'server.stopping': { readonly signal: string; readonly inFlight: number }
  readonly 'server.stopped': { readonly forced: boolean }
  readonly 'worker.ended': {
    readonly pid: number
    readonly code: number | null
    readonly signal: string | null
    readonly restartInMs: number
  }
  readonly 'config.note': { readonly note: string }
  /** Names of frontends; the top level is `-`. */
  readonly 'config.reloaded': {
    readonly added: readonly string[]
    readonly changed: readonly string[]
    readonly removed: readonly string[]
  }
  readonly 'config.reload_refused': { readonly problems: readonly string[] }
  readonly 'request.done': {
    readonly requestId: string
    /** One of the two: the remote's name, or a path of ours. */
    readonly remote?: string
    readonly route?: string
    readonly method: string
    readonly status: number
    readonly ms: number
    readonly bytesIn: number
    readonly bytesOut: number
    readonly client?: string
    /** Hash of the session's handle. */
    readonly session?: string
  }
  readonly 'request.failed': {
    readonly requestId: string
    readonly code: ProblemCode
    readonly route: string
    readonly cause?: unknown
  }
  readonly 'request.refused': Refused & { readonly code: ProblemCode; readonly route: string }
  readonly 'request.suspicious': Refused & {
    readonly what: SuspiciousRequest
    readonly route: string
  }
  readonly 'sign_in.started': { readonly requestId: string; readonly restart: boolean }
  readonly 'sign_in.parameters_ignored': {
    readonly requestId: string
    readonly names: readonly string[]
  }
  readonly 'sign_in.succeeded': {
    readonly requestId: string
    readonly sub: string
    readonly sid?: string
  }
  readonly 'sign_in.failed': SignInFailure & { readonly suppressed?: number }
  /** One of our credentials is refused: nothing works until somebody changes something. */
  /** Until somebody changes something. */
  readonly 'sign_in.impossible': {
    readonly what: string
    readonly fix: string
    readonly cause: unknown
  }
  readonly 'credentials.refused': {
    readonly what: string
    readonly fix: string
    readonly cause?: unknown
  }
  readonly 'sign_in.acr_missing': { readonly requestId: string; readonly sub: string }
  readonly 'sign_out.done': {
    readonly requestId?: string
    readonly sub: string
    readonly reason: SignOutReason
  }
  readonly 'session.moved': Refused & {
    /** What is another than at its last use. */
    readonly what: 'address' | 'browser' | 'address_and_browser'
  }
  readonly 'session.unreadable': { readonly reason: string }
  readonly 'session.touch_failed': { readonly cause: unknown }
  readonly 'session.end_failed': { readonly cause: unknown }
  readonly 'token.refreshed': {
    readonly sub: string
    readonly resource?: string
    readonly expiresInSeconds?: number
    readonly waitedMs: number
  }
  readonly 'token.refresh.rejected': {
    readonly sub: string
    readonly error?: string
    readonly status?: number
  }
  readonly 'token.refresh.unavailable': {
    readonly sub: string
    readonly error?: string
    readonly status?: number
    readonly cause?: unknown
    readonly fix?: string
  }
  readonly 'token.refresh.misconfigured': {
    readonly sub?: string
    readonly error?: string
    readonly status?: number
    readonly fix: string
    readonly cause?: unknown
  }
  readonly 'token.refresh.orphaned': { readonly sub: string }
  readonly 'token.refresh.id_token_refused': { readonly sub: string; readonly cause: unknown }
  readonly 'token.machine.obtained': { readonly client: string; readonly expiresInSeconds?: number }
  readonly 'token.machine.failed': {
    readonly client: string
    readonly error?: string
    readonly status?: number
    readonly fix?: string
    readonly cause?: unknown
  }
  readonly 'token.exchange.failed': {
    readonly remote: string
    readonly error?: string
    readonly status?: number
    readonly fix?: string
    readonly cause?: unknown
  }
  readonly 'token.revoked': {
    readonly sub: string
    readonly kind: 'refresh_token' | 'access_token'
  }
  readonly 'token.revocation_needless': {
    readonly sub: string
    readonly kind: 'access_token' | 'refresh_token'
    readonly cause: unknown
  }
  readonly 'token.revocation_failed': {
    readonly sub: string
    readonly kind: 'refresh_token' | 'access_token'
    readonly cause: unknown
  }
  readonly 'lease.lost': { readonly what: string }
  readonly 'user_info.failed': { readonly cause: unknown }
  readonly 'provider.discovered': { readonly issuer: string }
  readonly 'provider.unavailable': {
    readonly issuer: string
    readonly cause: unknown
    readonly fix?: string
  }
  readonly 'remote.failed': {
    readonly requestId: string
    readonly remote: string
    readonly code: ProblemCode
    readonly cause?: unknown
  }
  readonly 'remote.aborted': {
    readonly requestId: string
    readonly remote: string
    readonly by: 'client' | 'upstream' | 'server'
    readonly cause?: unknown
  }
  readonly 'remote.circuit_opened': { readonly remote: string; readonly failures: number }
  readonly 'remote.circuit_closed': { readonly remote: string }
  readonly 'logout_token.refused': Refused & { readonly reason: string }
  readonly 'store.unavailable': { readonly store: string; readonly cause: unknown }
  readonly 'store.recovered': { readonly store: string; readonly downMs: number }
  readonly 'store.exposed': { readonly file: string; readonly tightened: boolean }
  readonly 'telemetry.export_failed': {
    readonly signal: 'traces' | 'metrics'
    readonly cause: unknown
  }
  readonly misconfiguration: { readonly what: string; readonly fix: string }
  readonly 'unexpected.error': { readonly where: string; readonly cause: unknown }
}

export interface SignInFailure {
  readonly requestId: string
  /** The address of the client, where it is known (A5). */
  readonly client?: string | undefined
  readonly code: ProblemCode
  /** OAuth error code. */
  readonly error?: string
  /** What to change, where that is known. */
  readonly fix?: string
  /** Which claim of what was refused, what was found there and what was expected (A8). */
  readonly token?: string
  readonly claim?: string
  readonly found?: string
  readonly expected?: string
  /** Whose clock looks wrong. */
  readonly clock?: string
  readonly cause?: unknown
}

/** Of requests that strangers make. */
export interface Refused {
  readonly requestId: string
  /** The address of the client, where it is known (A5). */
  readonly client?: string | undefined
  /** How many like it were left out of the log before it. */
  readonly suppressed?: number
}

/** What was answered as usual, and is worth a look all the same. */
export type SuspiciousRequest =
  | 'forged_ticket'
  | 'foreign_callback'
  | 'replayed_callback'
  | 'frontchannel_missed'

export type SignOutReason =
  | 'user'
  | 'another_session'
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
  'server.registers_as': 'info',
  'server.stopping': 'info',
  'server.stopped': 'info',
  'worker.ended': 'error',
  'config.reloaded': 'info',
  'config.reload_refused': 'error',
  'config.note': 'warn',
  'request.done': 'info',
  'request.failed': 'error',
  'request.refused': 'info',
  'request.suspicious': 'info',
  'sign_in.started': 'debug',
  'sign_in.parameters_ignored': 'debug',
  'sign_in.succeeded': 'info',
  'sign_in.failed': 'warn',
  'sign_in.impossible': 'error',
  'credentials.refused': 'error',
  'sign_in.acr_missing': 'warn',
  'sign_out.done': 'info',
  'session.moved': 'info',
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
  'user_info.failed': 'warn',
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
  'telemetry.export_failed': 'warn',
  misconfiguration: 'warn',
  'unexpected.error': 'error',
}

/** Where events go. `createPinoLog` writes JSON lines; tests pass a recorder. */
export interface Log {
  event<E extends LogEvent>(event: E, fields: LogFields[E]): void
  /** The same log, for events of one frontend, whose name stands in each of them. */
  ofFrontend?(name: string): Log
}
