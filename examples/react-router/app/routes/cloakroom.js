import { cloakroom } from '../cloakroom.server.js'

// The endpoints and the remote APIs: `loader` for GET and HEAD, `action` for the rest.
export const loader = ({ request }) => cloakroom.fetch(request)
export const action = loader
