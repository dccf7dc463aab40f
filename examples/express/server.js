import { createCloakroom } from 'cloakroom/node'
import express from 'express'
import config from './bff.config.js'

const cloakroom = await createCloakroom(config)
const app = express()

// Before anything that reads bodies: uploads to APIs stream through.
app.use(cloakroom.handler)
app.use(express.json())

app.get(
  '/todos',
  cloakroom.protect((_request, response, session) => {
    response.json({ sub: session.sub, todos: ['read the docs'] })
  }),
)
app.post(
  '/todos',
  cloakroom.protect((request, response, session) => {
    response.status(201).json({ sub: session.sub, added: request.body.title })
  }),
)
app.get('/', async (request, response) => {
  const session = await cloakroom.session(request)
  response.send(session ? `Hello ${session.sub}` : '<a href="/bff/login">Sign in</a>')
})

const server = app.listen(process.env.PORT ?? 3000)
server.on('upgrade', cloakroom.upgrade)
process.once('SIGTERM', async () => {
  server.close()
  await cloakroom.close()
  // Those that nobody waits for any more.
  server.closeAllConnections()
})
