import type { Cors } from '../http/cors.ts'
import type { CsrfRule } from '../http/csrf.ts'
import type { ForwardedTrust } from '../http/forwarded.ts'
import type { Session } from '../session/session.ts'
import type { MaybePromise } from '../store/key-value.ts'
import type { DoneRequest, TellDone } from '../telemetry/done-requests.ts'
import type { Log } from '../telemetry/log.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { TakePlace } from './places.ts'
import type { AnswerSink } from './remote-request.ts'
import type { WaitingBodies } from './waiting-bodies.ts'

/** What a request's cookie led to. */
export type FoundSession =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly session: Session; readonly setCookie?: string }

/** The session of a request, as the proxy asks for it. */
export type ReadSession = (
  cookieHeader: string | undefined,
  mode: 'use' | 'peek',
  onForged?: () => void,
) => MaybePromise<FoundSession>

/** What all calls share. */
export interface CallServices {
  readonly readSession: ReadSession
  readonly csrf: CsrfRule
  readonly cors: Cors
  readonly basePath: string
  /** 32 hexadecimal digits. */
  readonly randomId: () => string
  readonly trusts: ForwardedTrust
  readonly takePlace: TakePlace
  readonly waiting: WaitingBodies
  readonly log: Log
  readonly tracing?: Tracing | undefined
  /** A call is answered with a stream of events. */
  onEventStream(call: EventStreamCall): void
  /** A call has come to its end. */
  onOver(done: DoneRequest): void
  /** A WebSocket has, or a request for one that was refused. */
  readonly onUpgradeOver: TellDone
}

/** A call whose answer has no end of its own. */
export interface EventStreamCall {
  readonly sink: AnswerSink
  /** The cookie that led to its session; undefined when it has none. */
  readonly sessionCookie: string | undefined
  /** Breaks the answer off. */
  cut(): void
}
