import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { createCloakroom } from 'cloakroom/node'
import config from './bff.config.js'

const cloakroom = await createCloakroom(config)

const todos = cloakroom.protect(async (request, response, session) => {
  response.setHeader('content-type', 'application/json')
  if (request.method !== 'POST') {
    return response.end(JSON.stringify({ sub: session.sub, todos: ['read the docs'] }))
  }
  const { title } = JSON.parse(await text(request))
  response.writeHead(201).end(JSON.stringify({ sub: session.sub, added: title }))
})

async function page(request, response) {
  const session = await cloakroom.session(request)
  response.setHeader('content-type', 'text/html')
  response.end(session ? `Hello ${session.sub}` : '<a href="/bff/login">Sign in</a>')
}

const server = createServer((request, response) => {
  cloakroom.handler(request, response, () => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const answer = pathname === '/todos' ? todos : page
    answer(request, response)
  })
})
server.on('upgrade', (request, socket, head) => {
  if (!cloakroom.upgrade(request, socket, head)) socket.destroy()
})
server.listen(process.env.PORT ?? 3000)
process.once('SIGTERM', async () => {
  server.close()
  await cloakroom.close()
})
