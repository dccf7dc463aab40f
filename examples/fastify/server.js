import { createServer } from 'node:http'
import { createCloakroom } from 'cloakroom/node'
import Fastify from 'fastify'
import config from './bff.config.js'

const cloakroom = await createCloakroom(config)

// What is ours is answered before Fastify reads a body; everything else is Fastify's.
const app = Fastify({
  serverFactory: (handler) =>
    createServer((request, response) => {
      cloakroom.handler(request, response, () => handler(request, response))
    }),
})

/** Puts Cloakroom's guards in front of a handler, which answers what it returns. */
const protect = (handler) => async (request, reply) => {
  const { promise, resolve } = Promise.withResolvers()
  const admit = cloakroom.protect((_request, _response, session) => resolve(session))
  reply.raw.once('finish', () => resolve(undefined))
  await admit(request.raw, reply.raw)
  const session = await promise
  if (session === undefined) return reply.hijack()
  return handler(request, reply, session)
}

app.get(
  '/todos',
  protect((_request, _reply, session) => ({ sub: session.sub, todos: ['read the docs'] })),
)
app.post(
  '/todos',
  protect((request, reply, session) => {
    reply.code(201)
    return { sub: session.sub, added: request.body.title }
  }),
)
app.get('/', async (request, reply) => {
  const session = await cloakroom.session(request)
  reply.type('text/html')
  return session ? `Hello ${session.sub}` : '<a href="/bff/login">Sign in</a>'
})

await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? '127.0.0.1' })
app.server.on('upgrade', cloakroom.upgrade)
process.once('SIGTERM', async () => {
  await app.close()
  await cloakroom.close()
})
