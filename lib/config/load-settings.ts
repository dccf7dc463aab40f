import { clientSettings } from './client.ts'
import { readConfig } from './config-file.ts'
import { checkCookieOwners } from './cookie-names.ts'
import { suggestion } from './did-you-mean.ts'
import { type Environment, onVercel, processEnvironment, readMode } from './env.ts'
import { frontendSecrets } from './frontend-secrets.ts'
import { type FrontendSource, frontendSettings } from './frontends.ts'
import { givenHooks } from './hooks.ts'
import { listenSettings } from './listen.ts'
import { oidcSettings } from './oidc.ts'
import { outgoingSettings } from './outgoing.ts'
import { parseConfig } from './parse-config.ts'
import { endpointPathsOf, ownPathsOf, pathSettings } from './paths.ts'
import { publicOrigin } from './public-origin.ts'
import { remoteSettings } from './remote.ts'
import { checkRemotePaths } from './remote-paths.ts'
import { createReport, type Problem, type Report } from './report.ts'
import type { Config } from './schema.ts'
import { secrets } from './secrets.ts'
import { sessionSettings } from './session.ts'
import type { Settings } from './settings.ts'
import { checkErrorPage, spaSettings } from './spa.ts'
import { storeSettings } from './store.ts'
import { telemetrySettings } from './telemetry.ts'
import { tokensSettings } from './tokens.ts'
import { trustProxy } from './trust-proxy.ts'
import { unquote } from './unquote.ts'
import { variables } from './variables.ts'

export interface SettingsSource {
  /** @default process.env */
  readonly env?: Environment
  /** What `bff.config.ts` exports. */
  readonly config?: Config
  /** JSON file in place of `config`; `BFF_CONFIG_FILE` when left out. */
  readonly configFile?: string
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
  const config = parseConfig(input, report)
  const top = buildSettings({ env, config }, report)
  const frontends = frontendSettings({
    ...{ env, input, top, report, frontends: config.frontends, build: buildSettings },
    // Their shapes were checked where they were written.
    parse: (merged) => parseConfig(merged, createReport()),
  })
  const settings = { ...top, frontends }
  return report.problems.length > 0
    ? { ok: false, problems: report.problems }
    : { ok: true, settings, notes: report.notes }
}

function buildSettings(
  { env, config, frontend, top }: Pick<FrontendSource, 'env' | 'config'> & Partial<FrontendSource>,
  report: Report,
): Settings {
  const root = frontend?.path ?? ''
  const mode = readMode(env)
  const oidc = oidcSettings(env, config.oidc, report)
  const store = storeSettings(env, report)
  const listen = listenSettings(env, { mode, store, report })
  const origin = publicOrigin(env, mode, listen.port, report)
  const session = sessionSettings(config.session, {
    publicOrigin: origin,
    frontend: root === '' ? undefined : frontend?.name,
    report,
  })
  // As every frontend's begins that shares the host: none of them is an API's.
  const suffix = root === '' ? '' : `-${frontend?.name}`
  const cookieName = session.cookieName.slice(0, session.cookieName.length - suffix.length)
  checkCookieOwners(config.remotes, { cookieName, root, report })
  const paths = pathSettings(config, root, report)
  const spa = spaSettings(env, config.spa, { mode, root, report })
  const remotes = named('remotes', config.remotes, report, (name, remote) =>
    remoteSettings(name, remote, {
      cookieName,
      root,
      oidcDpop: oidc.dpop,
      clients: new Map(Object.entries(config.clients)),
      report,
    }),
  )
  checkRemotePaths(Object.values(remotes), {
    publicOrigin: origin,
    remotePrefix: paths.remotePrefix,
    paths: endpointPathsOf(paths),
    protectedPages: spa.protectedPages,
    report,
  })
  checkErrorPage(spa.errorPage, ownPathsOf({ ...paths, remotes }), report)
  return {
    mode,
    onVercel: onVercel(env),
    publicOrigin: origin,
    ...(frontend ? { frontend } : {}),
    frontends: [],
    ...paths,
    ...listen,
    ...telemetrySettings(env, { port: listen.port, report }),
    secrets:
      top && frontend ? frontendSecrets(top.secrets, frontend.name, oidc) : secrets(env, report),
    store,
    trustProxy: trustProxy(env, { host: listen.host, report }),
    oidc,
    session,
    user: config.user,
    logout: config.logout,
    backchannel: config.backchannel,
    frontchannel: config.frontchannel,
    spa,
    tokens: tokensSettings(config.tokens),
    limits: config.limits,
    clients: named('clients', config.clients, report, (name, client) =>
      clientSettings(name, client, { env, oidc, report }),
    ),
    remotes,
    outgoing: outgoingSettings(env, report),
    hooks: givenHooks(config),
  }
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

function noteUnknownVariables(env: Environment, report: Report): void {
  const known = Object.keys(variables)
  for (const name of Object.keys(env)) {
    if (!name.startsWith('BFF_') || known.includes(name)) continue
    const hint = suggestion(name, known)
    report.note(`${name} is not a setting and is not used${hint ? `: ${hint}` : ''}.`)
  }
}
