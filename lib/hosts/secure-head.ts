import { subscribe } from 'node:diagnostics_channel'
import { ServerResponse } from 'node:http'
import { strictTransportSecurity } from '../pages/csp.ts'
import { perProcess } from './per-process.ts'

/** What every answer over https has, whoever wrote it (A6). */
export const secureHeaders = {
  'strict-transport-security': strictTransportSecurity,
  'x-content-type-options': 'nosniff',
} as const
const names = Object.entries(secureHeaders)

/** Adds them to a head that is about to be written, but for those that it has. */
function secureHead(response: ServerResponse, args: readonly unknown[]): void {
  const flat = args.findLast((arg) => Array.isArray(arg))
  for (const [name, value] of names) {
    if (flat === undefined && !response.hasHeader(name)) response.setHeader(name, value)
    else if (flat !== undefined && !flat.includes(name)) flat.push(name, value)
  }
}

/**
 * An answer of a server that is ours. A class, since a `writeHead` of its own on each answer doubles what a
 * proxied call costs.
 */
export class SecureResponse extends ServerResponse {
  override writeHead(...args: unknown[]): this {
    secureHead(this, args)
    return super.writeHead(...(args as Parameters<ServerResponse['writeHead']>)) as this
  }
}

const secured = perProcess<true>('secureHeads')

/** For all answers of this process, where the server that gives them is not ours. Again is once. */
export function secureAllHeads(): void {
  if (secured.get()) return
  secured.getOrMake(() => true)
  subscribe('http.server.request.start', (message) => {
    const { response } = message as { response: ServerResponse }
    const writeHead = response.writeHead
    response.writeHead = (...args: unknown[]) => {
      secureHead(response, args)
      return writeHead.apply(response, args as Parameters<typeof writeHead>)
    }
  })
}
