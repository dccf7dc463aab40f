import { createOutgoing } from '../../http/outgoing.ts'
import { fail, type Look, ok, reasonOf, warn } from './check.ts'

/** Whether it is us that browsers meet at BFF_BASE_URL. */
export const baseUrlLook: Look = {
  id: 'base-url',
  async look({ publicOrigin, basePath, outgoing }) {
    const url = `${publicOrigin}${basePath}/health/live`
    const signal = AbortSignal.timeout(4000)
    const fetch = createOutgoing(outgoing).fetch()
    const answer = await fetch(url, { signal, redirect: 'manual' }).catch((cause: unknown) => cause)
    if (!(answer instanceof Response) && !isResponse(answer)) {
      const fix = 'start it, and what stands in front, if browsers are to reach it now'
      return warn(`${publicOrigin}: ${reasonOf(answer)}`, fix)
    }
    const text = await answer.text().catch(() => '')
    const isOurs = answer.status === 200 && text === '{"status":"ok"}'
    if (isOurs && answer.headers.has('x-request-id')) return ok(`${publicOrigin} leads here`)
    return fail(
      `something else answers at ${url} (status ${answer.status})`,
      'let what stands in front pass the endpoints on, or set BFF_BASE_URL to where browsers see this app',
    )
  },
}

/** Of another `undici` than the global one. */
function isResponse(value: unknown): value is Response {
  return typeof (value as Response | undefined)?.status === 'number'
}
