import { given } from '../http/given.ts'
import { destinationOf, isNavigation } from '../http/navigation.ts'
import { type ProblemCode, problem, problems } from '../http/problem.ts'
import { retryAfter } from '../http/retry-after.ts'
import { errorPage } from '../pages/page.ts'
import { type EndpointRequest, redirect } from './endpoint.ts'

/**
 * An error for whoever asks: a small page for a person who navigates, a problem document for code. What
 * the client has to answer for is told to the log here (A5), what we have to, where it failed.
 */
export function refuse(
  incoming: EndpointRequest,
  code: ProblemCode,
  options: {
    loginHref: string
    /** Where signing in again is of no use: where the person goes on. */
    backHref?: string
    setCookies?: readonly string[]
    allow?: string
    /** @default the one of the code */
    status?: number
  },
): Response {
  const { request, requestId } = incoming
  const [usual, title] = problems[code]
  const status = options.status ?? usual
  if (status < 500) incoming.refused(code)
  const extra: Record<string, string> = {
    ...given({ allow: options.allow }),
    ...(status === 503 ? retryAfter : {}),
  }
  const response = !isNavigation(request.headers)
    ? problem(code, { requestId, status, headers: extra })
    : incoming.errorPage !== undefined && destinationOf(request.headers) !== 'frame'
      ? toErrorPage(incoming, incoming.errorPage, { code, retry: options.backHref === undefined })
      : errorPage({
          ...{ status, title, requestId, home: incoming.home },
          ...{ ...wayOn(options), headers: extra },
        })
  for (const cookie of options.setCookies ?? []) response.headers.append('set-cookie', cookie)
  return response
}

/** To a page of the app, which is told what happened and nothing that anybody else wrote. */
function toErrorPage(
  { url, requestId }: EndpointRequest,
  path: string,
  { code, retry }: { code: ProblemCode; retry: boolean },
): Response {
  const query = new URLSearchParams({ code, requestId, retry: retry ? '1' : '0' })
  const response = redirect(303, `${url.origin}${path}?${query}`)
  response.headers.set('x-request-id', requestId)
  return response
}

function wayOn({ loginHref, backHref }: { loginHref: string; backHref?: string }) {
  return backHref === undefined
    ? { href: loginHref, text: 'Sign in again' }
    : { href: backHref, text: 'Go back' }
}
