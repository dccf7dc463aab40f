import * as z from 'zod'
import { checkExchange, exchange } from './exchange.ts'
import { accepted, refused } from './parsed.ts'
import type { Report } from './report.ts'
import { absoluteUri, flag, leaf, text } from './schema-leaf.ts'

const tokenKinds = ['user', 'client', 'user-or-client', 'user-or-none', 'none'] as const

export type TokenKind = (typeof tokenKinds)[number]

/** What a token hook is given: who asks, for which remote. Never the session's tokens. */
export interface RemoteTokenContext {
  readonly remote: string
  readonly method: string
  readonly path: string
  readonly user?: { readonly sub: string; readonly claims: Readonly<Record<string, unknown>> }
  /** The user's access token for this remote, refreshed; undefined when nobody is signed in. */
  userToken(): Promise<string | undefined>
}

export type RemoteTokenHook = (context: RemoteTokenContext) => Promise<string | undefined>

const tokenChoice = leaf<TokenKind | RemoteTokenHook>((value) => {
  if (typeof value === 'function') return accepted(value as RemoteTokenHook)
  const kind = tokenKinds.find((each) => each === value)
  return kind
    ? accepted(kind)
    : refused(
        'is not a valid kind of token',
        `choose one of ${tokenKinds.join(', ')}, or a function`,
      )
})

/** Which token the calls to a remote carry. */
export const remoteToken = z.strictObject({
  /**
   * Which token a call carries: `user` (401 when signed out), `client` (a machine token), `user-or-client`
   * and `user-or-none` (the second only when signed out), `none`, or a function that answers the token.
   */
  token: tokenChoice.prefault('user'),
  /** Name in `clients` of the machine client, for the kinds `client` and `user-or-client`. */
  client: text().exactOptional(),
  /** Scopes of the user's token for this API, when it needs others than the sign-in's. */
  scope: text().exactOptional(),
  /** Resource indicator (RFC 8707) of the user's token for this API: an absolute URI. */
  resource: absoluteUri().exactOptional(),
  /** Exchange the user's token (RFC 8693) for one that this API accepts. */
  exchange: exchange.exactOptional(),
  /**
   * Insist on tokens that are bound to a key (RFC 9449): a plain one is not sent, and an exchanged one
   * is asked for as bound. Needs `oidc.dpop`, or `dpop` on the machine client. Tokens that are bound
   * travel as such whatever this says.
   */
  dpop: flag(false),
})

type Given = z.output<typeof remoteToken>

export interface TokenContext {
  /** `remotes.<name>`, for messages. */
  readonly setting: string
  readonly oidcDpop: boolean
  /** Machine clients by name, and whether their tokens are bound. */
  readonly clients: ReadonlyMap<string, { readonly dpop: boolean }>
  readonly report: Report
}

/** Which settings of a remote go with its kind of token, and which names have to exist. */
export function checkRemoteToken(config: Given, context: TokenContext): void {
  const { setting, report } = context
  const kind = typeof config.token === 'function' ? 'a function' : config.token
  const usesUser = kind === 'user' || kind === 'user-or-client' || kind === 'user-or-none'
  const usesClient = kind === 'client' || kind === 'user-or-client'
  checkClient(config, usesClient, kind, context)
  if (!usesUser) {
    for (const field of ['scope', 'resource', 'exchange'] as const) {
      if (config[field] === undefined) continue
      const fix = usesClient ? 'set it on the client instead' : 'take it out'
      report.problem(`${setting}.${field}`, `is for users' tokens, and token is ${kind}`, fix)
    }
  }
  if (config.exchange) checkExchange(`${setting}.exchange`, config.exchange, report)
  const actor = config.exchange?.actor
  if (actor !== undefined && !context.clients.has(actor)) {
    report.problem(`${setting}.exchange.actor`, 'names no client', knownClients(context))
  }
  if (config.dpop) checkDpop(config, { usesUser, usesClient }, context)
}

function checkClient(
  config: Given,
  usesClient: boolean,
  kind: string,
  context: TokenContext,
): void {
  const { setting, report, clients } = context
  if (usesClient && config.client === undefined) {
    report.problem(`${setting}.client`, `is not set, and token is ${kind}`, knownClients(context))
  }
  if (!usesClient && config.client !== undefined) {
    report.problem(
      `${setting}.client`,
      `is set, and token is ${kind}`,
      'take it out, or make the token client or user-or-client',
    )
  } else if (config.client !== undefined && !clients.has(config.client)) {
    report.problem(`${setting}.client`, 'names no client', knownClients(context))
  }
}

function checkDpop(
  config: Given,
  kind: { usesUser: boolean; usesClient: boolean },
  { setting, report, oidcDpop, clients }: TokenContext,
): void {
  if (kind.usesUser && !oidcDpop) {
    report.problem(`${setting}.dpop`, "needs users' tokens that are bound", 'set oidc.dpop to true')
  }
  const client = config.client === undefined ? undefined : clients.get(config.client)
  if (kind.usesClient && client && !client.dpop) {
    report.problem(
      `${setting}.dpop`,
      'needs machine tokens that are bound',
      `set clients.${config.client}.dpop to true`,
    )
  }
  if (!kind.usesUser && !kind.usesClient) {
    report.problem(`${setting}.dpop`, 'needs a token of ours', 'take it out')
  }
}

function knownClients({ clients }: TokenContext): string {
  const names = [...clients.keys()]
  return names.length === 0
    ? 'declare one under clients'
    : `name one of clients: ${names.join(', ')}`
}
