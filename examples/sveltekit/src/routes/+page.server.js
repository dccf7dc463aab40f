import { cloakroom } from '../cloakroom.server.js'

export const load = async ({ request }) => {
  const session = await cloakroom.session(request)
  return { sub: session?.sub }
}
