import * as z from 'zod'
import { client } from './client.ts'
import { ownClient, place } from './frontend.ts'
import { hooks } from './hooks.ts'
import { limits } from './limits.ts'
import { oidc } from './oidc.ts'
import { paths } from './paths.ts'
import { remote } from './remote.ts'
import { session } from './session.ts'
import { backchannel, frontchannel, logout } from './sign-out.ts'
import { spa } from './spa.ts'
import { tokens } from './tokens.ts'
import { user } from './user.ts'

// One file a section: what a setting is called, means, looks like and is when it is left out stands there only.
const sections = {
  ...paths.shape,
  /** How Cloakroom talks to the OpenID Provider. */
  oidc: oidc.prefault({}),
  /** How long a sign-in lasts, and what the browser may know of it. */
  session: session.prefault({}),
  /** What `GET /bff/user` answers. */
  user: user.prefault({}),
  /** Sign-out that the user starts. */
  logout: logout.prefault({}),
  /** Sign-out that the provider starts (OpenID Connect Back-Channel Logout 1.0). */
  backchannel: backchannel.prefault({}),
  /** Sign-out that the provider starts in the browser (OpenID Connect Front-Channel Logout 1.0). */
  frontchannel: frontchannel.prefault({}),
  /** The single-page app itself. */
  spa: spa.prefault({}),
  /** When access tokens are renewed. */
  tokens: tokens.prefault({}),
  /** How many calls to APIs one client may have in flight. */
  limits: limits.prefault({}),
  /** The APIs, at `/api/remote/<name>/` or where their `path` says. A name holds letters, digits, `.`, `_`, `~` and `-`. */
  remotes: z.record(z.string(), remote).prefault({}),
  /** Machine clients (client credentials) by name, for `remotes.*.client` and `bff.clientFetch(name)`. */
  clients: z.record(z.string(), client).prefault({}),
  ...hooks.shape,
}

export const configSchema = z.strictObject({
  ...sections,
  /**
   * Several apps behind one server, by name. Each has its own `host` or `path`, and what it says of the settings of the
   * top level in their place: `oidc`, `session`, `spa` and the like setting by setting, `remotes` and `clients` as a
   * whole. What it leaves out comes from the top level, which answers for what no frontend claims.
   */
  frontends: z
    .record(
      z.string(),
      z.strictObject({
        ...place.shape,
        ...sections,
        /** As at the top level, and which client of which provider this frontend is. */
        oidc: z.strictObject({ ...oidc.shape, ...ownClient.shape }).prefault({}),
      }),
    )
    .prefault({}),
})

/**
 * What `bff.config.ts` may say. Everything has a default; an unknown name is refused at start.
 * Secrets and addresses are not here: they come from the environment.
 */
export interface Config extends z.input<typeof configSchema> {}

export type ParsedConfig = z.output<typeof configSchema>
