import { cloakroom } from '../../../../bff'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = cloakroom.remotes
