import type { Bff } from '../bff.ts'
import type { WholeBff } from '../frontends/create-bff.ts'
import type { Log } from '../telemetry/log.ts'
import { createDoors } from './doors.ts'
import { createLocalGuard, type LocalGuard } from './local-guard.ts'
import { type LocalSession, localSession } from './local-session.ts'
import { createTellWebAnswers } from './tell-web-answers.ts'
import { rawHeadersOf, refused } from './web-door.ts'

/** An API of the app's own. `context`: whatever the framework hands over behind the request. */
export type WebHandler<Context extends unknown[]> = (
  request: Request,
  session: LocalSession,
  ...context: Context
) => Response | Promise<Response>

/** A request, as far as it says who is signed in; with frontends at paths its address too. */
export type AskedByWeb = Pick<Request, 'headers'> & { readonly url?: string }

/** The session in server code that speaks `Request` and `Response`. */
export function createWebLocal({ bff: whole, log }: { readonly bff: WholeBff; readonly log: Log }) {
  const doors = createDoors(whole.frontends, (bff) => ({
    bff,
    guard: createLocalGuard(bff, log),
    tell: createTellWebAnswers(bff),
  }))
  const pathOf = (url: string | undefined) => URL.parse(url ?? '')?.pathname ?? '/'
  return {
    /** Only reads. Rejects with StoreUnavailableError. */
    async session(request: AskedByWeb): Promise<LocalSession | undefined> {
      const found = doors.of(rawHeadersOf(request), pathOf(request.url))
      if (typeof found === 'string') return undefined
      const cookieHeader = request.headers.get('cookie') ?? undefined
      const known = await found.bff.readSession(cookieHeader, 'peek')
      return known && localSession(found.bff, known)
    },

    /** Behind the guards of a remote API. What the handler throws is the framework's: a redirect, often. */
    async route<Context extends unknown[]>(
      handler: WebHandler<Context>,
      request: Request,
      context: Context,
      peerAddress = '',
    ): Promise<Response> {
      const found = doors.of(rawHeadersOf(request), pathOf(request.url))
      if (typeof found === 'string') return refused(request, found)
      const { bff, guard, tell } = found
      return tell(request, { route: 'local', peerAddress }, () =>
        answer({ bff, guard }, handler, request, context, peerAddress),
      )
    },
  }

  async function answer<Context extends unknown[]>(
    { bff, guard }: { readonly bff: Bff; readonly guard: LocalGuard },
    handler: WebHandler<Context>,
    request: Request,
    context: Context,
    peerAddress: string,
  ): Promise<Response> {
    const admission = await guard.admit({
      method: request.method,
      header: (name) => request.headers.get(name) ?? undefined,
      peerAddress,
    })
    if (admission.kind === 'answered') {
      const { status, headers, body } = admission
      return withHeaders(new Response(status === 204 ? null : body, { status }), headers)
    }
    const session = localSession(bff, admission.session)
    return withHeaders(await handler(request, session, ...context), admission.headers)
  }
}

/** Headers of an answer may be immutable (`Response.redirect`, an answer of `fetch`). */
function withHeaders(answer: Response, headers: readonly string[]): Response {
  const own = new Headers(answer.headers)
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]]
    // The app has cookies of its own, and answers that vary.
    if (name === 'set-cookie' || name === 'vary') own.append(name, value)
    else own.set(name, value)
  }
  const { status, statusText } = answer
  return new Response(answer.body, { status, statusText, headers: own })
}
