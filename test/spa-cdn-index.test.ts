import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { createRemoteIndex } from '#lib/spa/remote-index.ts'
import { listen, startApp } from './support/app.ts'

let asked = 0
let answer: RequestListener
const cdn = createServer((request, response) => {
  asked += 1
  answer(request, response)
})
let origin: string
const page = '<!doctype html><title>App</title><script>inline()</script>'

before(async () => {
  origin = await listen(cdn)
})
after(() => {
  cdn.closeAllConnections()
  cdn.close()
})
const says =
  (text: string, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'text/html' }).end(text)

describe('a page on a CDN', () => {
  test('A44: whoever navigates gets it, with a policy that lets its files load from there', async () => {
    answer = says(page)
    const app = await startApp({ config: { spa: { index: `${origin}/app/index.html` } } })
    const headers = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }
    const found = await fetch(`${app.origin}/deep/link`, { headers })
    assert.equal(found.status, 200)
    assert.equal(await found.text(), page)
    const policy = found.headers.get('content-security-policy') ?? ''
    assert.match(policy, new RegExp(`script-src 'self' ${origin} 'sha256-`))
    assert.equal((await fetch(`${app.origin}/deep/link`)).status, 404)
    assert.equal((await fetch(`${app.origin}/gone.js`, { headers })).status, 404)
    await app.close()
  })

  test('A44: while none could be had yet, a page says so', async () => {
    answer = says('no', 500)
    const app = await startApp({ config: { spa: { index: `${origin}/none.html` } } })
    const found = await fetch(app.origin, { headers: { accept: 'text/html' } })
    assert.equal(found.status, 503)
    assert.match(await found.text(), /not available right now/)
    answer = says(page)
    await app.close()
  })

  test('A44: one fetch for many, kept ten seconds, and the last good one while the CDN is down', async () => {
    let now = 0
    const failures: unknown[] = []
    const index = createRemoteIndex({
      url: `${origin}/index.html`,
      fetch,
      now: () => now,
      onFailed: (cause) => failures.push(cause),
    })
    const text = async () => (await index()).bytes.identity.toString()
    asked = 0
    answer = says('one')
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, text)), Array(20).fill('one'))
    assert.equal(asked, 1)
    answer = says('two')
    now += 9_000
    assert.equal(await text(), 'one')
    assert.equal(asked, 1)
    now += 2_000
    assert.equal(await text(), 'one', 'nobody waits for the newer one')
    while ((await text()) !== 'two') await new Promise((resolve) => setTimeout(resolve, 5))
    answer = says('down', 503)
    now += 60_000
    for (let times = 0; times < 50; times += 1) {
      assert.equal(await text(), 'two')
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    assert.ok(asked <= 4, `${asked}`)
    assert.equal(failures.length, 1)
  })

  test('A44: what never ends is not read', async () => {
    answer = (_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    }
    const index = createRemoteIndex({ url: origin, fetch, now: () => 0, onFailed: () => {} })
    await assert.rejects(index(), /larger than/)
  })
})
