import { readFileSync } from 'node:fs'
import { cookieNameFor } from './cookie-name.ts'
import { checkCookieOwners } from './cookie-names.ts'
import type { Config } from './define-config.ts'
import { suggestion } from './did-you-mean.ts'
import { type Environment, onVercel, processEnvironment, readMode, readVariable } from './env.ts'
import { drainMs, listenHost, listenPort, logLevel, workerCount } from './listen.ts'
import { machineClient } from './machine-client.ts'
import { oidcSettings } from './oidc-settings.ts'
import { outgoingSettings } from './outgoing-settings.ts'
import { parseConfig } from './parse-config.ts'
import { paths } from './paths.ts'
import { publicOrigin } from './public-origin.ts'
import { remoteSettings } from './remote-settings.ts'
import { createReport, type Problem, type Report } from './report.ts'
import type { ParsedConfig } from './schema.ts'
import { secrets } from './secrets.ts'
import { sessionLifetimes } from './session-lifetimes.ts'
import type { Hooks, Settings } from './settings.ts'
import { spaSettings } from './spa-settings.ts'
import { storeChoice } from './store-choice.ts'
import { trustProxy } from './trust-proxy.ts'
import { unquote } from './unquote.ts'
import { variables } from './variables.ts'

export interface SettingsSource {
  /** @default process.env */
  env?: Environment
  /** What `bff.config.ts` exports. */
  config?: Config
  /** JSON file in place of `config`; `BFF_CONFIG_FILE` when left out. */
  configFile?: string
}

/** Either settings that hold together, or everything that is wrong with them. */
export type LoadedSettings =
  | { readonly ok: true; readonly settings: Settings; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads environment and configuration, and checks them together. Nothing else reads either. */
export function loadSettings(source: SettingsSource = {}): LoadedSettings {
  const report = createReport()
  const env = unquote(source.env ?? processEnvironment(), report)
  noteUnknownVariables(env, report)
  const input = readConfig(env, source, report)
  const settings = buildSettings(env, parseConfig(input, report), report)
  return report.problems.length > 0
    ? { ok: false, problems: report.problems }
    : { ok: true, settings, notes: report.notes }
}

function buildSettings(env: Environment, config: ParsedConfig, report: Report): Settings {
  const mode = readMode(env)
  const port = listenPort(env, report)
  const origin = publicOrigin(env, mode, port, report)
  const oidc = oidcSettings(env, config.oidc, report)
  const cookieName = config.session.cookieName ?? cookieNameFor(origin)
  const store = storeChoice(env, report)
  checkCookieOwners(config.remotes, report)
  return {
    mode,
    onVercel: onVercel(env),
    publicOrigin: origin,
    ...paths(config, report),
    secrets: secrets(env, report),
    store,
    trustProxy: trustProxy(env, report),
    port,
    host: listenHost(env, mode, report),
    drainMs: drainMs(env, report),
    workers: workerCount(env, store.kind, report),
    logLevel: logLevel(env, report),
    oidc,
    session: {
      ...sessionLifetimes(config.session, report),
      sameSite: config.session.sameSite,
      cookieName,
      claims: config.session.claims,
    },
    user: config.user,
    logout: config.logout,
    backchannel: config.backchannel,
    frontchannel: config.frontchannel,
    spa: spaSettings(config.spa, report),
    tokens: { marginSeconds: config.tokens.margin, waitersSeconds: config.tokens.waiters },
    limits: config.limits,
    clients: named('clients', config.clients, report, (name, client) =>
      machineClient(name, client, { env, oidc, report }),
    ),
    remotes: named('remotes', config.remotes, report, (name, remote) =>
      remoteSettings(name, remote, {
        publicOrigin: origin,
        cookieName,
        oidcDpop: oidc.dpop,
        clients: new Map(Object.entries(config.clients)),
        report,
      }),
    ),
    outgoing: outgoingSettings(env, report),
    hooks: hooks(config),
  }
}

function hooks({ claims, tokenRequest }: ParsedConfig): Hooks {
  return { ...(claims ? { claims } : {}), ...(tokenRequest ? { tokenRequest } : {}) }
}

/** Without a prototype, so that no request finds `constructor` in a table of names. */
function named<In, Out>(
  setting: string,
  entries: Readonly<Record<string, In>>,
  report: Report,
  build: (name: string, entry: In) => Out,
): Record<string, Out> {
  const built: Record<string, Out> = Object.create(null)
  for (const [name, entry] of Object.entries(entries)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/.test(name)) {
      const fix = 'begin with a letter or digit, then up to 63 letters, digits, ., _, ~ or -'
      report.problem(`${setting}.${name}`, 'has a name that does not fit into a URL', fix)
    }
    built[name] = build(name, entry)
  }
  return built
}

function readConfig(env: Environment, source: SettingsSource, report: Report): unknown {
  const file = source.configFile ?? readVariable(env, 'BFF_CONFIG_FILE')
  if (file === undefined) return source.config ?? {}
  try {
    // Some editors begin a file with a byte order mark, which is no JSON.
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as unknown
  } catch (error) {
    const unreadable = !(error instanceof SyntaxError)
    report.problem(
      'BFF_CONFIG_FILE',
      unreadable ? `names ${file}, which cannot be read` : `names ${file}, which is no JSON`,
      unreadable ? 'check the path and its permissions' : 'put right its syntax',
    )
    return {}
  }
}

function noteUnknownVariables(env: Environment, report: Report): void {
  const known = Object.keys(variables)
  for (const name of Object.keys(env)) {
    if (!name.startsWith('BFF_') || known.includes(name)) continue
    const hint = suggestion(name, known)
    report.note(`${name} is not a setting and is not used${hint ? `: ${hint}` : ''}.`)
  }
}
