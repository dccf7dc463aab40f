import { parseCookieName } from './cookie-name.ts'
import type { Environment } from './env.ts'
import {
  type FrontendSettings,
  frontendEnvironment,
  frontendOrigin,
  ownClient,
} from './frontend.ts'
import { isAtOrBelow } from './remote-paths.ts'
import type { Report } from './report.ts'
import type { ParsedConfig } from './schema.ts'
import type { Settings } from './settings.ts'

/** What is built for one frontend: everything that the top level has, in its own place. */
export interface FrontendSource {
  readonly env: Environment
  readonly config: ParsedConfig
  readonly frontend: FrontendSettings
  readonly top: Settings
}

export interface FrontendsContext {
  readonly env: Environment
  /** As written, for what a frontend leaves out. */
  readonly input: unknown
  /** Shapes and types were checked with the rest. */
  readonly frontends: ParsedConfig['frontends']
  readonly top: Settings
  readonly report: Report
  readonly parse: (input: unknown) => ParsedConfig
  readonly build: (source: FrontendSource, report: Report) => Settings
}

/** The settings of each frontend: what it leaves out comes from the top level. */
export function frontendSettings(context: FrontendsContext): Settings[] {
  const { env, input, top, report } = context
  const entries = Object.entries(context.frontends).map(([name, given]) => {
    const own = reportOf(name, report)
    if (!/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
      const fix = 'begin and end with a lower-case letter or digit, with - between, 32 at most'
      report.problem(`frontends.${name}`, 'has a name that does not fit into a cookie', fix)
    } else if (!parseCookieName(`bff-${name}`).ok) {
      const fix = 'choose another name'
      report.problem(`frontends.${name}`, 'ends as the names of other cookies do', fix)
    }
    const origin = frontendOrigin(given, top.publicOrigin, own)
    const hosts =
      given.host === undefined ? [] : [given.host, URL.parse(origin)?.host ?? given.host]
    const frontend = {
      name,
      hosts: [...new Set(hosts)],
      ...(given.path === undefined ? {} : { path: given.path }),
    }
    const config = context.parse(mergeFrontend(input, name))
    return context.build(
      { env: frontendEnvironment(env, given, origin, own), config, frontend, top },
      own,
    )
  })
  checkPlaces(entries, top, report)
  return entries
}

type Section = Readonly<Record<string, unknown>>

const sections = [
  ...['session', 'user', 'logout', 'backchannel', 'frontchannel', 'tokens', 'limits'],
  ...['oidc', 'spa'],
]
/** What `oidc` says of the provider itself: a frontend with another one has none of it. */
const ofProvider = ['endpoints', 'tenants', 'logout', 'authMethod', 'tls', 'assertionAudience']
const ofOtherProvider = [
  ...ofProvider,
  'params',
  'loginParams',
  'refreshParams',
  'revocationParams',
]

/**
 * A frontend's configuration as it would be written at the top level: each section setting by setting, `remotes` and
 * `clients` as a whole, so that no API is reachable through a frontend that lists its own.
 */
function mergeFrontend(input: unknown, name: string): Section {
  const { frontends, ...top } = asSection(input)
  const { host: _, path: __, baseUrl: ___, ...own } = asSection(asSection(frontends)[name])
  const merged: Record<string, unknown> = { ...top, ...own }
  for (const section of sections) {
    const mine = asSection(own[section])
    const dropped = section === 'oidc' ? notOf(mine) : section === 'spa' ? appOf(mine) : []
    const theirs = Object.entries(asSection(top[section])).filter(([key]) => !dropped.includes(key))
    // Which client it is goes another way.
    const said = Object.entries(mine).filter(([key]) => section !== 'oidc' || !isOwnClient(key))
    merged[section] = Object.fromEntries([...theirs, ...said])
  }
  return merged
}

function notOf(oidc: Section): string[] {
  if (oidc.issuer !== undefined) return [...ofOtherProvider, 'scope', 'idTokenAlg']
  return Object.keys(oidc).some(isOwnClient) ? ['authMethod', 'tls'] : []
}

function isOwnClient(key: string): boolean {
  return key in ownClient.shape
}

/** A frontend whose app comes from somewhere else. */
function appOf(spa: Section): string[] {
  return spa.dir === undefined && spa.index === undefined && spa.devServer === undefined
    ? []
    : ['dir', 'index', 'devServer']
}

function asSection(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** Names of settings as they are written in a frontend; what the top level was told already is left out. */
function reportOf(name: string, report: Report): Report {
  const said = (setting: string, problem: string) =>
    report.problems.some((it) => it.setting === setting && it.problem === problem)
  return {
    ...report,
    problem(setting, problem, fix) {
      if (said(setting, problem)) return
      const here = `frontends.${name}.${inFrontend(setting)}`
      report.problem(here, inFrontend(problem), inFrontend(fix))
    },
    note(sentence) {
      if (!report.notes.includes(sentence)) report.note(`frontends.${name}: ${sentence}`)
    },
  }
}

const namesInFrontend: Readonly<Record<string, string>> = {
  OIDC_ISSUER: 'oidc.issuer',
  OIDC_CLIENT_ID: 'oidc.clientId',
  OIDC_CLIENT_SECRET: 'oidc.secretEnv',
  OIDC_CLIENT_KEY: 'oidc.keyEnv',
  OIDC_CLIENT_ASSERTION_FILE: 'oidc.assertionFile',
  BFF_BASE_URL: 'host',
}

function inFrontend(text: string): string {
  return text.replace(/\b(?:OIDC|BFF)_[A-Z_]+\b/g, (name) => namesInFrontend[name] ?? name)
}

/** Sees that each has its place, and its cookies, to itself. */
function checkPlaces(all: readonly Settings[], top: Settings, report: Report): void {
  const hosts = new Map([[hostOf(top), 'BFF_BASE_URL']])
  const cookies = new Map([[`${top.publicOrigin} ${top.session.cookieName}`, 'the top level']])
  const topPaths = [top.basePath, top.callbackPath, top.logoutCallbackPath, '/_next']
  const remotes = [top.remotePrefix, ...Object.values(top.remotes).map(({ path }) => path)]
  const taken = [...topPaths, ...remotes]
  const paths = new Map<string, string>()
  for (const { frontend, publicOrigin, session } of all) {
    // What has no origin has no place yet; that was told.
    if (!frontend || publicOrigin === '') continue
    const setting = `frontends.${frontend.name}`
    for (const host of frontend.hosts) {
      const other = hosts.get(host)
      if (other) report.problem(`${setting}.host`, `is that of ${other}`, 'use a host of its own')
      hosts.set(host, setting)
    }
    const { path } = frontend
    if (path) {
      const other = paths.get(path) ?? taken.find((it) => it !== '' && meets(it, path))
      if (other) report.problem(`${setting}.path`, `meets ${other}`, 'use a path of its own')
      paths.set(path, setting)
    }
    const cookie = `${publicOrigin} ${session.cookieName}`
    const owner = cookies.get(cookie)
    if (owner) {
      const problem = `is that of ${owner}`
      report.problem(`${setting}.session.cookieName`, problem, 'use a name of its own')
    }
    cookies.set(cookie, setting)
  }
}

function meets(one: string, other: string): boolean {
  return isAtOrBelow(one, other) || isAtOrBelow(other, one)
}

function hostOf({ publicOrigin }: Settings): string {
  return URL.parse(publicOrigin)?.host ?? ''
}
