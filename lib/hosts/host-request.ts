import { type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { rawHeader } from '../http/raw-request.ts'

const parsed = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers')

/**
 * A request for the proxy parses its headers into an object only when somebody wants them. Node's server
 * looks for two names before it hands a request on, and would have all of them parsed for that; the proxy
 * reads the raw list. Who asks for anything else (a tracer, say) finds what Node would have given.
 */
export function createHostRequest(
  isRemote: (request: IncomingMessage) => boolean,
): typeof IncomingMessage {
  class HostRequest extends IncomingMessage {}
  if (parsed?.get) {
    Object.defineProperty(HostRequest.prototype, 'headers', {
      ...parsed,
      get(this: HostRequest): IncomingHttpHeaders {
        return isRemote(this) ? headersOnDemand(this) : headersOf(this)
      },
    })
  }
  return HostRequest
}

function headersOnDemand(request: IncomingMessage): IncomingHttpHeaders {
  return new Proxy<Headers>({ of: request }, onDemand) as unknown as IncomingHttpHeaders
}

function headersOf(request: IncomingMessage): IncomingHttpHeaders {
  return parsed?.get?.call(request)
}

interface Headers {
  readonly of: IncomingMessage
}

const onDemand: ProxyHandler<Headers> = {
  get({ of: request }, name) {
    if (name === 'host' || name === 'expect') {
      const value = rawHeader(request.rawHeaders, name)
      if (value === undefined || name === 'host') return value
    }
    return Reflect.get(headersOf(request), name)
  },
  set: ({ of: request }, name, value) => Reflect.set(headersOf(request), name, value),
  has: ({ of: request }, name) => Reflect.has(headersOf(request), name),
  ownKeys: ({ of: request }) => Reflect.ownKeys(headersOf(request)),
  deleteProperty: ({ of: request }, name) => Reflect.deleteProperty(headersOf(request), name),
  getOwnPropertyDescriptor: ({ of: request }, name) =>
    Reflect.getOwnPropertyDescriptor(headersOf(request), name),
  defineProperty: ({ of: request }, name, descriptor) =>
    Reflect.defineProperty(headersOf(request), name, descriptor),
}
