import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { type App, apiText, listen, startApp } from './support/app.ts'

/** Every byte there is, and text of one to four bytes a character. */
const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const text = Buffer.from(apiText)
const bodies: [title: string, body: Buffer][] = [
  ['no body', Buffer.alloc(0)],
  ['text', text],
  ['every byte', every],
  ['much text', Buffer.concat(Array.from({ length: 3000 }, () => text))],
  ['many bytes', Buffer.concat(Array.from({ length: 1000 }, () => every))],
]

/** Echoes the body under its content type, with a length when the path says so. */
const echo = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  const type = request.headers['content-type'] ?? 'text/plain'
  const length = request.url === '/sized' ? { 'content-length': body.length } : {}
  response.writeHead(200, { 'content-type': type, ...length })
  const half = Math.floor(body.length / 2)
  if (half > 0) response.write(body.subarray(0, half))
  response.end(body.subarray(half))
})

describe('Q2: bodies', () => {
  let app: App
  let cookie = ''
  before(async () => {
    app = await startApp({ config: { remotes: { echo: { target: await listen(echo) } } } })
    const browser = app.browser()
    await browser.signInHere()
    cookie = `${app.cookies.ticket}=${browser.jar.get('localhost')?.get(app.cookies.ticket)}`
  })
  after(async () => {
    await app.close()
    echo.close()
  })

  for (const [title, body] of bodies) {
    for (const path of ['sized', 'chunked']) {
      test(`Q2: ${title} passes both ways byte for byte, ${path}`, async () => {
        const headers = { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }
        const sent =
          path === 'sized'
            ? { body }
            : { body: new Blob([new Uint8Array(body)]).stream(), duplex: 'half' }
        const url = `${app.origin}/api/remote/echo/${path}`
        const answer = await fetch(url, { method: 'POST', headers, ...sent } as RequestInit)
        assert.equal(answer.status, 200)
        assert.ok(body.equals(Buffer.from(await answer.arrayBuffer())))
      })
    }
  }
})
