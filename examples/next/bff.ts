import { createNextBff } from 'cloakroom/next'
import config from './bff.config'

export const cloakroom = createNextBff(config)
