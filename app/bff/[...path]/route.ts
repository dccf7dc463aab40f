import { cloakroom } from '../../../bff.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = cloakroom.endpoints
