import { createNextBff } from 'cloakroom/next'
import config from './bff.config.ts'

/** Cloakroom in this app: what the routes, the pages, the middleware and the boot file use. */
export const cloakroom = createNextBff(config)
