import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { createWebBff } from 'cloakroom/web'
import { Hono } from 'hono'
import config from './bff.config.js'

const cloakroom = createWebBff(config)
await cloakroom.ready()
const app = new Hono()

app.use(async (c, next) => {
  if (!cloakroom.handles(c.req.url)) return next()
  const { incoming } = c.env
  return cloakroom.fetch(c.req.raw, {
    target: incoming.url,
    clientAddress: getConnInfo(c).remote.address,
  })
})

const todos = cloakroom.route(async (request, session) => {
  if (request.method !== 'POST') {
    return Response.json({ sub: session.sub, todos: ['read the docs'] })
  }
  const { title } = await request.json()
  return Response.json({ sub: session.sub, added: title }, { status: 201 })
})
app.all('/todos', (c) => todos(c.req.raw))
app.get('/', async (c) => {
  const session = await cloakroom.session(c.req.raw)
  return c.html(session ? `Hello ${session.sub}` : '<a href="/bff/login">Sign in</a>')
})

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) })
process.once('SIGTERM', async () => {
  server.close()
  await cloakroom.close()
  // Those that nobody waits for any more.
  server.closeAllConnections()
})
