import type { Socket } from 'node:net'

interface Parser {
  onHeadersComplete(status: number, upgrade: boolean, keepAlive: boolean): number
}

/**
 * RFC 9110 section 15.2: a client must be able to take any 1xx, even one that it did not ask for. Servers do
 * send a `100 Continue` to whoever posts (IIS, and proxies before older ones); undici takes it for the end
 * of the protocol and breaks the connection. To it, such an answer is `102 Processing` instead.
 */
export function takeUnaskedContinue(socket: Socket): void {
  // No door of undici's leads there. What its parser is called is shown by the test.
  const key = Object.getOwnPropertySymbols(socket).find((it) => it.description === 'parser')
  const parser = key && (socket as unknown as Record<symbol, Parser | null>)[key]
  if (!parser) return
  const onHeadersComplete = parser.onHeadersComplete
  parser.onHeadersComplete = (status, ...rest) =>
    onHeadersComplete.call(parser, status === 100 ? 102 : status, ...rest)
}
