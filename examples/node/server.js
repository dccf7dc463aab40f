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
    const [path] = request.url.split('?', 1)
    // Returned, so that what it rejects with is an answer.
    return path === '/todos' ? todos(request, response) : page(request, response)
  })
})
server.on('upgrade', cloakroom.upgrade)
server.listen(process.env.PORT ?? 3000)
process.once('SIGTERM', async () => {
  server.close()
  await cloakroom.close()
  // Those that nobody waits for any more.
  server.closeAllConnections()
})
