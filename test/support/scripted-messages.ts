/** Where the scripted provider's endpoints are. */
export const paths = {
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  authorize: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  revocation: '/revoke',
  introspection: '/introspect',
  par: '/par',
  endSession: '/logout',
} as const

export type EndpointName = keyof typeof paths

/** One request as the provider saw it. */
export interface RecordedRequest {
  readonly name: EndpointName | 'unknown'
  readonly method: string
  /** Absolute. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The form body, or the query of a GET. */
  readonly params: URLSearchParams
  /** Epoch milliseconds. */
  readonly at: number
}

/** What goes back: an object body is sent as JSON. */
export interface ScriptedAnswer {
  status?: number
  headers?: Record<string, string>
  body?: string | object
  /** Milliseconds before the answer. */
  delayMs?: number
  /** `hang` never answers; `reset` breaks the connection; `cut` sends half the body and then breaks it. */
  fault?: 'hang' | 'reset' | 'cut'
}
