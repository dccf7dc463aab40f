import type { Bff } from '../bff.ts'
import type { Log } from '../telemetry/log.ts'
import { createLocalGuard } from './local-guard.ts'
import { type LocalSession, localSession } from './local-session.ts'
import { createTellWebAnswers } from './tell-web-answers.ts'

/** An API of the app's own. `context`: whatever the framework hands over behind the request. */
export type WebHandler<Context extends unknown[]> = (
  request: Request,
  session: LocalSession,
  ...context: Context
) => Response | Promise<Response>

/** The session in server code that speaks `Request` and `Response`. */
export function createWebLocal({ bff, log }: { readonly bff: Bff; readonly log: Log }) {
  const guard = createLocalGuard(bff, log)
  const tell = createTellWebAnswers(bff)
  return {
    /** Only reads. Rejects with StoreUnavailableError. */
    async session(cookieHeader: string | null): Promise<LocalSession | undefined> {
      const known = await bff.readSession(cookieHeader ?? undefined, 'peek')
      return known && localSession(bff, known)
    },

    /** Behind the guards of a remote API. What the handler throws is the framework's: a redirect, often. */
    async route<Context extends unknown[]>(
      handler: WebHandler<Context>,
      request: Request,
      context: Context,
      peerAddress = '',
    ): Promise<Response> {
      return tell(request, { route: 'local', peerAddress }, () =>
        answer(handler, request, context, peerAddress),
      )
    },
  }

  async function answer<Context extends unknown[]>(
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
