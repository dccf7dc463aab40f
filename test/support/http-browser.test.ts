import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createHttpBrowser, type VisitOptions } from './http-browser.ts'

/** One server under two sites, `localhost` and `127.0.0.1`: it sets cookies, redirects, or says what came. */
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://server')
  const to = url.searchParams.get('to')
  if (to) return response.writeHead(302, { location: to }).end()
  if (url.pathname === '/set') {
    response.setHeader('set-cookie', [
      'strict=1; SameSite=Strict',
      'lax=1; SameSite=Lax',
      'usual=1',
      'none=1; SameSite=None; Secure',
      'refused=1; SameSite=None',
    ])
  }
  const { cookie = '', ...headers } = request.headers
  const names = cookie.split('; ').map((pair) => pair.split('=')[0])
  const site = headers['sec-fetch-site']
  const how = `${headers['sec-fetch-mode']} ${headers['sec-fetch-dest']}`
  return response.end(JSON.stringify({ names, site, how }))
})

describe('Q2: the test browser', () => {
  let own = ''
  let foreign = ''
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    own = `http://localhost:${port}`
    foreign = `http://127.0.0.1:${port}`
  })
  after(() => server.close())

  const all = ['strict', 'lax', 'usual', 'none']
  const notStrict = ['lax', 'usual', 'none']
  type Address = () => string
  const plain: Address = () => own
  const through: Address = () => `${foreign}/?to=${own}`
  const loop: Address = () => `${own}/?to=${encodeURIComponent(`${foreign}/?to=${own}`)}`
  const cases: [
    title: string,
    address: Address,
    options: () => VisitOptions,
    sent: string[],
    says: string,
  ][] = [
    ['a typed address', plain, () => ({ from: 'typed' }), all, 'none navigate document'],
    ['a link of our own', plain, () => ({ from: own }), all, 'same-origin navigate document'],
    [
      'a link of another port',
      plain,
      () => ({ from: 'http://localhost:1' }),
      all,
      'same-site navigate document',
    ],
    [
      'a link of another site',
      plain,
      () => ({ from: foreign }),
      notStrict,
      'cross-site navigate document',
    ],
    [
      'a form of another site',
      plain,
      () => ({ from: foreign, method: 'POST' }),
      ['none'],
      'cross-site navigate document',
    ],
    [
      'a redirect by another site',
      through,
      () => ({ from: 'typed' }),
      notStrict,
      'none navigate document',
    ],
    [
      'a redirect to another site and back',
      loop,
      () => ({ from: own }),
      notStrict,
      'cross-site navigate document',
    ],
    [
      'a call of our page',
      plain,
      () => ({ from: own, dest: 'empty' }),
      all,
      'same-origin cors empty',
    ],
    [
      'a call of another site’s page',
      plain,
      () => ({ from: foreign, dest: 'empty' }),
      ['none'],
      'cross-site cors empty',
    ],
    [
      'an image on another site',
      plain,
      () => ({ from: foreign, dest: 'image' }),
      ['none'],
      'cross-site no-cors image',
    ],
    [
      'a frame on another site',
      plain,
      () => ({ from: foreign, dest: 'iframe' }),
      ['none'],
      'cross-site navigate iframe',
    ],
    [
      'a frame of ours that comes back from another site',
      loop,
      () => ({ from: own, dest: 'iframe' }),
      all,
      'cross-site navigate iframe',
    ],
  ]
  for (const [title, address, options, sent, says] of cases) {
    test(`Q2: with ${title} it sends the cookies that browsers send`, async () => {
      const browser = createHttpBrowser()
      await browser.send(`${own}/set`)
      const answer = JSON.parse((await browser.visit(address(), options())).body)
      assert.deepEqual(answer.names, sent)
      assert.equal(`${answer.site} ${answer.how}`, says)
    })
  }

  test('Q2: it is where its last redirect leads', async () => {
    const browser = createHttpBrowser()
    await browser.send(`${own}/set`)
    await browser.send(`${own}/?to=${foreign}`)
    const { body } = await browser.send(own)
    assert.deepEqual(JSON.parse(body).names, notStrict)
  })
})
