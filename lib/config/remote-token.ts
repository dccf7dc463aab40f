import type { Report } from './report.ts'
import type { ParsedRemote } from './schema.ts'

export interface TokenContext {
  /** `remotes.<name>`, for messages. */
  readonly setting: string
  readonly oidcDpop: boolean
  /** Machine clients by name, and whether their tokens are bound. */
  readonly clients: ReadonlyMap<string, { readonly dpop: boolean }>
  readonly report: Report
}

/** Which settings of a remote go with its kind of token, and which names have to exist. */
export function checkRemoteToken(config: ParsedRemote, context: TokenContext): void {
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
  const actor = config.exchange?.actor
  if (actor !== undefined && !context.clients.has(actor)) {
    report.problem(`${setting}.exchange.actor`, 'names no client', knownClients(context))
  }
  if (config.dpop) checkDpop(config, { usesUser, usesClient }, context)
}

function checkClient(
  config: ParsedRemote,
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
  config: ParsedRemote,
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
