import type { WholeBff } from '../frontends/create-bff.ts'
import { given } from '../http/given.ts'
import type { Log } from '../telemetry/log.ts'
import { bodyDeadlineMs } from './body-limit.ts'
import { createDoors } from './doors.ts'
import { createFrontDoor, type Refusal } from './front-door.ts'
import type { HeadLine } from './next-answer-head.ts'
import { refusalParts } from './refuse.ts'
import { secureHeaders } from './secure-head.ts'
import { createTellWebAnswers } from './tell-web-answers.ts'
import { withTimedBody } from './timed-body.ts'
import { type AsReceived, handleWebRemote } from './web-remote.ts'

/** What a framework knows of a request that does not stand in it. All of it may be left out. */
export interface WebInfo {
  /** Keeps the process, or the function, alive for work that outlives the answer. */
  waitUntil?(task: Promise<unknown>): void
  /** Of whoever holds the other end of the connection: what the framework calls the client's address. */
  readonly clientAddress?: string
  /** Path and query as they came over the wire, where the framework still has them. @default those of the URL */
  readonly target?: string
}

/** For hosts of ours, which see more than a framework's user does. */
export interface HostInfo extends WebInfo {
  readonly received?: AsReceived
  readonly onHead?: (response: Response, lines?: readonly HeadLine[]) => void
}

export interface WebDoor {
  /** Answers an endpoint or a remote API; 404 for anything else. Never rejects. */
  fetch(request: Request, info?: HostInfo): Promise<Response>
}

/** The endpoints and the remote APIs, from `Request` to `Response`. */
export function createWebDoor(started: { readonly bff: WholeBff; readonly log: Log }): WebDoor {
  const { bff: whole, log } = started
  const { publicOrigin } = whole.settings
  const doors = createDoors(whole.frontends, (bff) => ({
    bff,
    frontDoor: createFrontDoor(bff),
    tell: createTellWebAnswers(bff),
  }))
  const more = publicOrigin.startsWith('https:') ? Object.entries(secureHeaders) : []

  function background(task: Promise<unknown>): void {
    task.catch((cause: unknown) => log.event('unexpected.error', { where: 'background', cause }))
  }

  async function answer(request: Request, info: HostInfo): Promise<Response> {
    const received = info.received ?? receivedOf(request, info.target)
    const { method } = received
    const rawHeaders = rawHeadersOf(request)
    const found = doors.of(rawHeaders, received.target)
    const { bff, frontDoor, tell } = typeof found === 'string' ? doors.top() : found
    const target = frontDoor.targetOf(received.target)
    const refusal =
      typeof found === 'string' ? found : frontDoor.refusalOf({ method, target, rawHeaders })
    const { clientAddress: peerAddress = '', onHead } = info
    if (refusal) {
      return tell(request, { route: 'refused', peerAddress }, () => refused(request, refusal))
    }
    if (bff.remote.handles(target)) {
      const options = { received: { ...received, target }, peerAddress, ...given({ onHead }) }
      return handleWebRemote(bff.remote, request, options)
    }
    if (!frontDoor.isEndpoint(target)) return refused(request, 'not_found')
    // Only of one that no endpoint takes, so no body is lost.
    const asked =
      method === request.method
        ? timed(request, info)
        : new Request(request.url, { method, headers: request.headers })
    const response = await bff.handle(asked, target, {
      peerAddress,
      background: info.waitUntil ?? background,
    })
    onHead?.(response)
    return response
  }

  return {
    async fetch(request, info = {}) {
      const response = await answer(request, info).catch((cause: unknown) => {
        log.event('unexpected.error', { where: 'request', cause })
        return refused(request, 'internal_error')
      })
      for (const [name, value] of more) {
        if (!response.headers.has(name)) response.headers.set(name, value)
      }
      return response
    },
  }
}

/** A flat list. The address has the host where the header is left out, as in HTTP/2. */
export function rawHeadersOf({
  headers,
  url,
}: Pick<Request, 'headers'> & { url?: string }): string[] {
  const rawHeaders = [...headers].flat()
  const host = headers.has('host') || url === undefined ? undefined : URL.parse(url)?.host
  if (host !== undefined) rawHeaders.push('host', host)
  return rawHeaders
}

/** Hosts of ours see to it by themselves. */
function timed(request: Request, { received }: HostInfo): Request {
  return received ? request : withTimedBody(request, bodyDeadlineMs)
}

/** Whatever is not let in, or is nobody's. */
export function refused({ headers: asked }: Request, refusal: Refusal): Response {
  const { status, headers, body } = refusalParts(refusal, asked.get('x-request-id') ?? undefined)
  return new Response(body, { status, headers })
}

function receivedOf({ method, url }: Request, target: string | undefined): AsReceived {
  const { pathname, search } = new URL(url)
  return { method, target: target ?? pathname + search }
}
