import { createWebBff } from 'cloakroom/web'
import config from '../bff.config.js'

export const cloakroom = createWebBff(config)
