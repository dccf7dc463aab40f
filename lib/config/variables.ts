import { configFileVariables } from './config-file.ts'
import { platformVariables, type Variables } from './env.ts'
import { listenVariables } from './listen.ts'
import { oidcVariables } from './oidc.ts'
import { outgoingVariables } from './outgoing.ts'
import { originVariables } from './public-origin.ts'
import { secretVariables } from './secrets.ts'
import { spaVariables } from './spa.ts'
import { storeVariables } from './store.ts'
import { telemetryVariables } from './telemetry.ts'
import { trustVariables } from './trust-proxy.ts'

/** Every environment variable that Cloakroom reads, apart from those that `secretEnv` and `keyEnv` name. */
export const variables: Variables = {
  ...oidcVariables,
  ...originVariables,
  ...secretVariables,
  ...storeVariables,
  ...spaVariables,
  ...trustVariables,
  ...configFileVariables,
  ...outgoingVariables,
  ...listenVariables,
  ...telemetryVariables,
  ...platformVariables,
}
