import { problem } from '../http/problem.ts'
import type { Provider } from '../oidc/provider.ts'
import type { RedirectUriStanding } from '../oidc/redirect-uri-probe.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Log } from '../telemetry/log.ts'
import { type Endpoint, json } from './endpoint.ts'

export interface DiagnosticsDeps {
  readonly sessions: Pick<Sessions, 'read'>
  readonly provider: Pick<Provider, 'metadata'>
  readonly now: () => number
  readonly development: boolean
  readonly store: string
  readonly redirectUri: string
  /** Undefined where none is made. */
  readonly probeRedirectUri: (() => Promise<RedirectUriStanding>) | undefined
  readonly log: Log
  /** The last misconfigurations that were told to the log, newest first. */
  readonly misconfigurations: () => readonly {
    readonly what: string
    readonly fix: string
    readonly at: number
  }[]
}

/** `GET /bff/diagnostics`: development only. Kinds, lifetimes and scopes of tokens; never a token. */
export function createDiagnostics(deps: DiagnosticsDeps): Endpoint {
  return async ({ cookies, requestId }) => {
    if (!deps.development) return problem('not_found', { requestId })
    const read = await deps.sessions.read(cookies, 'peek')
    const metadata = await deps.provider.metadata().catch(() => undefined)
    const probed = metadata === undefined ? undefined : await deps.probeRedirectUri?.()
    const standing = probed ?? 'unknown'
    if (standing === 'refused') {
      deps.log.event('misconfiguration', {
        what: 'the provider does not accept our redirect URI',
        fix: `register ${deps.redirectUri} for this client at the provider, exactly as written here`,
      })
    }
    return json(200, {
      store: deps.store,
      provider: metadata === undefined ? 'unavailable' : metadata.issuer,
      redirectUri: { uri: deps.redirectUri, standing },
      misconfigurations: deps.misconfigurations(),
      session: read.kind === 'session' ? describe(read.session, deps.now()) : null,
    })
  }
}

type ReadSession = Extract<
  Awaited<ReturnType<Sessions['read']>>,
  { readonly kind: 'session' }
>['session']

function describe({ record, expiresAt }: ReadSession, now: number) {
  const seconds = (at: number | undefined) =>
    at === undefined ? null : Math.round((at - now) / 1000)
  return {
    idleSeconds: seconds(expiresAt),
    absoluteSeconds: seconds(record.absoluteAt),
    hasRefreshToken: record.refreshToken !== undefined,
    dpopBound: record.dpopKey !== undefined,
    accessTokens: Object.entries(record.accessTokens).map(([slot, token]) => ({
      for: slot === '' ? 'sign-in' : slot.trim(),
      type: token.type,
      expiresInSeconds: seconds(token.expiresAt),
      scope: token.scope ?? null,
    })),
  }
}
