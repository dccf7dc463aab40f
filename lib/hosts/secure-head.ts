import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { strictTransportSecurity } from '../http/csp.ts'

/** What every answer over https has, whoever wrote it (A6). */
export const secureHeaders = {
  'strict-transport-security': strictTransportSecurity,
  'x-content-type-options': 'nosniff',
} as const
const names = Object.entries(secureHeaders)

/** Adds them to the head of this answer when it is written, but for those that it has. */
export function secureHead(response: ServerResponse): void {
  const writeHead = response.writeHead
  response.writeHead = (...args: unknown[]) => {
    const flat = args.findLast((arg) => Array.isArray(arg))
    for (const [name, value] of names) {
      if (flat === undefined && !response.hasHeader(name)) response.setHeader(name, value)
      else if (flat !== undefined && !flat.includes(name)) flat.push(name, value)
    }
    return writeHead.apply(response, args as Parameters<typeof writeHead>)
  }
}

const slot = Symbol.for('cloakroom.secureHeads')

/** For all answers of this process, where the server that gives them is not ours. Again is once. */
export function secureAllHeads(): void {
  const shared = globalThis as { [slot]?: true }
  if (shared[slot]) return
  shared[slot] = true
  subscribe('http.server.request.start', (message) => {
    secureHead((message as { response: ServerResponse }).response)
  })
}
