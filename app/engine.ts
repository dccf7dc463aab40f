import config from '#config'
import { createNextHost } from '#lib/hosts/next.ts'

/** The engine as Next's files see it: the routes, the middleware and the boot check. */
export const engine = createNextHost(config)
