import type { Bff } from '../bff.ts'
import { countBody } from '../http/counted-body.ts'
import { clientAddress, createForwardedTrust } from '../http/forwarded.ts'
import { requestId } from '../http/request-id.ts'

/** As `TellAnswer`, for hosts that speak `Request` and `Response`: tells of the answer when it is over. */
export type TellWebAnswer = (
  request: Request,
  about: { readonly route: 'refused' | 'local'; readonly peerAddress: string },
  answer: () => Response | Promise<Response>,
) => Promise<Response>

export function createTellWebAnswers({
  onDone,
  settings,
}: Pick<Bff, 'onDone' | 'settings'>): TellWebAnswer {
  const trusts = createForwardedTrust(settings.trustProxy)
  return async (request, { route, peerAddress }, answer) => {
    const { method, headers } = request
    const startedAt = performance.now()
    const response = await answer()
    const { status } = response
    const forwardedFor = headers.get('x-forwarded-for') ?? undefined
    const client = clientAddress(peerAddress, forwardedFor, trusts) || undefined
    const id = response.headers.get('x-request-id') ?? headers.get('x-request-id') ?? undefined
    const over = (bytesOut: number) =>
      onDone({
        ...{ requestId: requestId(id), route, method, status, startedAt, who: { client } },
        ...{ bytesIn: Number(headers.get('content-length') ?? 0) || 0, bytesOut },
      })
    if (settings.accessLog && method !== 'HEAD') return countBody(response, over)
    over(0)
    return response
  }
}
