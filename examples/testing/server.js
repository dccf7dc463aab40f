import { createServer } from 'node:http'
import { createCloakroom } from 'cloakroom/node'
import config from './bff.config.js'

const page = `<!doctype html><p>…</p><script>
  const show = (text) => { document.querySelector('p').textContent = text }
  fetch('/todos', { headers: { 'x-csrf': '1' } })
    .then(async (answer) => show(answer.ok ? await answer.text() : 'Sign in'))
</script>`

const cloakroom = await createCloakroom(config)
const todos = cloakroom.protect((_request, response, session) => {
  response.end(`Todos of ${session.sub}`)
})
const server = createServer((request, response) =>
  cloakroom.handler(request, response, () => {
    if (request.url === '/todos') return todos(request, response)
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page)
  }),
)
server.listen(new URL(process.env.BFF_BASE_URL).port, '127.0.0.1')
