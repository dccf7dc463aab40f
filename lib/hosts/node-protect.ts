import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WholeBff } from '../frontends/create-bff.ts'
import { createRefusalLimit } from '../telemetry/limit-refusals.ts'
import type { Log } from '../telemetry/log.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { createDoors } from './doors.ts'
import { createLocalGuard } from './local-guard.ts'
import { type LocalSession, localSession } from './local-session.ts'
import { type Next, peerOf, receivedTarget } from './node-handler.ts'
import { refuse } from './refuse.ts'
import { createTellAnswers } from './tell-answers.ts'

/** An API of the app's own. May answer later; what it throws goes to `next`, or is 500. */
export type LocalHandler<
  Request extends IncomingMessage = IncomingMessage,
  Response extends ServerResponse = ServerResponse,
> = (request: Request, response: Response, session: LocalSession) => unknown

export interface NodeProtectDeps {
  readonly bff: WholeBff
  readonly calls: CallsInFlight
  readonly log: Log
}

/** Puts the guard in front of a handler: who is let in is signed in, and comes from the app's own pages. */
export function createNodeProtect({ bff: whole, calls, log }: NodeProtectDeps) {
  const doors = createDoors(whole.frontends, (bff) => ({
    bff,
    guard: createLocalGuard(bff, createRefusalLimit(log, Date.now)),
    tellAnswer: createTellAnswers(bff, peerOf),
  }))
  return <Request extends IncomingMessage, Response extends ServerResponse>(
    handler: LocalHandler<Request, Response>,
  ) =>
    async (request: Request, response: Response, next?: Next): Promise<void> => {
      calls.add(response, request)
      const found = doors.of(request.rawHeaders, receivedTarget(request))
      const { bff, guard, tellAnswer } = typeof found === 'string' ? doors.top() : found
      tellAnswer(request, response, 'local')
      if (bff.isDraining()) response.shouldKeepAlive = false
      if (typeof found === 'string') return refuse(response, found, request.headers['x-request-id'])
      const admission = await guard.admit({
        method: request.method ?? 'GET',
        header: (name) => headerOf(request, name),
        peerAddress: peerOf(request),
      })
      addHeaders(response, admission.headers)
      if (admission.kind === 'answered') {
        // A body that nobody reads would be taken for the next request on this connection.
        if (!request.complete) response.setHeader('connection', 'close')
        response.writeHead(admission.status).end(admission.body)
        return
      }
      try {
        await handler(request, response, localSession(bff, admission.session))
      } catch (cause) {
        if (next) return void next(cause)
        log.event('unexpected.error', { where: 'local api', cause })
        if (response.headersSent) response.destroy()
        else refuse(response, 'internal_error', undefined)
      }
    }
}

/** Two lines of one name are two claims: neither is believed more than the other. */
function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

function addHeaders(response: ServerResponse, headers: readonly string[]): void {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]]
    // The app has cookies of its own, and answers that vary.
    if (name === 'set-cookie' || name === 'vary') response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
}
