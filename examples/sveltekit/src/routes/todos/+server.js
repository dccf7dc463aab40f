import { cloakroom } from '../../cloakroom.server.js'

const todos = cloakroom.route(async (request, session) => {
  if (request.method !== 'POST') return Response.json({ sub: session.sub })
  return Response.json({ added: (await request.json()).title }, { status: 201 })
})

export const GET = ({ request }) => todos(request)
export const POST = ({ request }) => todos(request)
