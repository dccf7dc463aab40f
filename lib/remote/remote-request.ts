import type { Duplex, Readable } from 'node:stream'
import type { RawRequest } from '../http/raw-request.ts'

/**
 * Where an answer goes. `ServerResponse` is one as it stands, so the Node host pays nothing for it;
 * the Next host has a small one of its own. `close` is emitted exactly once, whether the answer was
 * completed or the client went away.
 */
export interface AnswerSink {
  /** Sends `100 Continue`: called right before the body is read, for a client that waits to be asked. */
  writeContinue(): void
  /** Throws when a name, a value or the status cannot stand on the wire. */
  writeHead(status: number, headers: string[]): unknown
  /** Sends the head now, though there is no body yet. */
  flushHeaders(): void
  /**
   * False: wait for `drain`. Whoever tells `onSent` has no use for the chunk any more: without an error, it is with the
   * system by then.
   */
  write(chunk: Buffer, onSent?: (error?: Error | null) => void): boolean
  end(chunk?: Buffer | string): unknown
  end(bytes: string, encoding: 'latin1'): unknown
  /** Breaks the connection, so that nobody takes what was sent for the whole answer. */
  destroy(error?: Error): unknown
  on(event: 'drain' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What a call and a WebSocket begin with. */
export interface PeerRequest extends RawRequest {
  readonly peerAddress: string
}

/** One request for a remote API, in the words of the wire. */
export interface RemoteRequest extends PeerRequest {
  /** Looked at only when `Content-Length` or `Transfer-Encoding` announces a body. */
  readonly body: Readable | null
  readonly sink: AnswerSink
  /** Nobody else sees the chunks of body and answer: their memory may go as soon as they are sent. @default 'shared' */
  readonly chunks?: 'ours' | 'shared'
}

/** A request to switch to WebSocket. Its answer is written to the socket itself. */
export interface UpgradeRequest extends PeerRequest {
  readonly socket: Duplex
  /** What had arrived behind the request's head. */
  readonly head: Buffer
  /** What every answer of this host has, lower case. */
  readonly answerHeaders: Readonly<Record<string, string>>
}
