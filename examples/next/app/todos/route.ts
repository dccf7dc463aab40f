import { cloakroom } from '../../bff'
export const GET = cloakroom.route(async (_request, session) => Response.json({ sub: session.sub }))
