import { cloakroom } from '../cloakroom.server.js'

// An API of the app's own: 401 without a sign-in, 403 from other sites.
const todos = cloakroom.route(async (request, session) => {
  if (request.method !== 'POST') return Response.json({ sub: session.sub })
  const { title } = await request.json()
  return Response.json({ added: title }, { status: 201 })
})
export const loader = ({ request }) => todos(request)
export const action = loader
