import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { brotliCompressSync } from 'node:zlib'
import { spaProblem } from '#lib/hosts/spa-pages.ts'
import { type App, startApp } from './support/app.ts'
import { request } from './support/raw-http.ts'

const dir = mkdtempSync(join(tmpdir(), 'cloakroom-spa-'))
const write = (file: string, content: string | Buffer) => {
  mkdirSync(dirname(join(dir, file)), { recursive: true })
  writeFileSync(join(dir, file), content)
}
const script = '\n  document.title = "it runs"\n'
const index = `<!doctype html><title>App</title><script>${script}</script>
<link rel="stylesheet" href="/x.css" media="print" onload="this.media='all'">
<script src="/assets/index-BxK3j9aQ.js" type="module"></script><div id="root"></div>`
const code = `export const text = ${JSON.stringify('x'.repeat(5000))}`
const sourceOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

let app: App
let port: number

before(async () => {
  write('index.html', index)
  write('about/index.html', '<!doctype html><title>About</title>')
  write('legal.html', '<!doctype html><title>Legal</title>')
  write('assets/index-BxK3j9aQ.js', code)
  write('assets/index-BxK3j9aQ.js.br', brotliCompressSync(code))
  write('assets/plain.css', 'body{}')
  write('with space & é.txt', 'odd name')
  write('100%25.txt', 'percent')
  write('.env', 'BFF_SECRET=hidden')
  write('.git/config', 'hidden')
  write('.well-known/security.txt', 'public')
  writeFileSync(join(dir, '../cloakroom-spa-outside.txt'), 'outside')
  app = await startApp({ config: { spa: { dir, protectedPages: ['/account'] } } })
  port = Number(new URL(app.origin).port)
})
after(async () => {
  await app.close()
  rmSync(dir, { recursive: true, force: true })
  rmSync(join(dir, '../cloakroom-spa-outside.txt'), { force: true })
})

const navigates = {
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  accept: 'text/html',
}
const fetches = { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', accept: '*/*' }
async function get(target: string, headers: Record<string, string> = {}, method = 'GET') {
  const host = `localhost:${port}`
  const answer = await request(port, target, {
    method,
    headers: { host, cookie: '', connection: 'close', ...headers },
  })
  return { ...answer, head: answer.rawHeaders.map((each) => `${each.join(': ')}\r\n`).join('') }
}
const isIndex = ({ status, body }: { status: number; body: string }) =>
  status === 200 && body.includes('<title>App<')

describe('a built app', () => {
  for (const target of [
    '/',
    '/index.html',
    '/deep/link',
    '/users/john.doe',
    '/a?b=c.js',
    '/v1.2/x',
  ]) {
    test(`A40: whoever navigates to ${target} gets the app`, async () => {
      const answer = await get(target, navigates)
      assert.ok(isIndex(answer), answer.head)
      assert.match(answer.head, /cache-control: no-cache\r\n/i)
      assert.match(answer.head, /content-type: text\/html; charset=utf-8\r\n/i)
    })
  }

  for (const [title, target, headers, method, status] of [
    ['a fetch of an unknown path', '/deep/link', fetches, 'GET', 404],
    ['a fetch that says nothing', '/deep/link', {}, 'GET', 404],
    ['a missing asset', '/assets/gone.js', fetches, 'GET', 404],
    ['a missing asset in the window', '/assets/gone-BxK3j9aQ.js', navigates, 'GET', 404],
    ['an image of a page', '/deep/link', { 'sec-fetch-dest': 'image' }, 'GET', 404],
    ['an unknown endpoint', '/bff/unknown', navigates, 'GET', 404],
    ['a form', '/deep/link', navigates, 'POST', 405],
    ['a form to the start', '/', navigates, 'POST', 405],
    ['an unknown API', '/api/remote/none', navigates, 'GET', 404],
  ] as const) {
    test(`A40: ${title} never gets the app`, async () => {
      const answer = await get(target, headers, method)
      assert.equal(answer.status, status)
      assert.ok(!answer.body.includes('<title>App<'))
    })
  }

  for (const target of [
    '/.env',
    '/%2eenv',
    '/.git/config',
    '/assets/../.env',
    '/assets/%2e%2e/.env',
    '/..%2fcloakroom-spa-outside.txt',
    '/assets/..%2f..%2fcloakroom-spa-outside.txt',
    '/..%5ccloakroom-spa-outside.txt',
    '/%252e%252e%252fcloakroom-spa-outside.txt',
    '/assets%00/plain.css',
    '//etc/passwd',
    '/assets/',
    '/assets',
  ]) {
    test(`A40: nothing of ${target} is told`, async () => {
      for (const headers of [fetches, navigates]) {
        const { status, body } = await get(target, headers)
        assert.ok(!/hidden|outside|root:|plain\.css/.test(body), body)
        // A navigation may get the app, which is nobody's secret.
        assert.ok(headers === navigates || status >= 400, `${status}`)
      }
    })
  }

  test('A40: pages of folders, and pages without their ending', async () => {
    for (const [target, title] of [
      ['/about/', 'About'],
      ['/about', 'About'],
      ['/legal', 'Legal'],
      ['/legal.html', 'Legal'],
    ] as const) {
      assert.match((await get(target, navigates)).body, new RegExp(`<title>${title}<`))
    }
  })

  test('A40: names with spaces, signs and letters of any language', async () => {
    assert.equal((await get('/with%20space%20&%20%C3%A9.txt')).body, 'odd name')
    assert.equal((await get('/100%2525.txt')).body, 'percent')
    assert.equal((await get('/.well-known/security.txt')).body, 'public')
  })

  test('A41: what never changes is kept for ever, and everything else is asked for again', async () => {
    const hashed = await get('/assets/index-BxK3j9aQ.js')
    assert.match(hashed.head, /cache-control: public, max-age=31536000, immutable\r\n/i)
    const plain = await get('/assets/plain.css')
    assert.match(plain.head, /cache-control: no-cache\r\n/i)
    const [, etag = ''] = /etag: (\S+)/i.exec(plain.head) ?? []
    assert.equal((await get('/assets/plain.css', { 'if-none-match': etag })).status, 304)
    const [, page = ''] = /etag: (\S+)/i.exec((await get('/', navigates)).head) ?? []
    const again = await get('/x', { ...navigates, 'if-none-match': page })
    assert.equal(again.status, 304)
    assert.equal(again.body, '')
  })

  test('A41: ranges, and the head alone', async () => {
    const part = await get('/assets/index-BxK3j9aQ.js', { range: 'bytes=0-5' })
    assert.equal(part.status, 206)
    assert.equal(part.body, code.slice(0, 6))
    const beyond = await get('/assets/index-BxK3j9aQ.js', { range: 'bytes=99999-' })
    assert.equal(beyond.status, 416)
    const head = await get('/assets/index-BxK3j9aQ.js', {}, 'HEAD')
    assert.equal(head.status, 200)
    assert.equal(head.body, '')
    assert.match(head.head, new RegExp(`content-length: ${code.length}\r\n`, 'i'))
    assert.equal((await get('/', navigates, 'HEAD')).body, '')
  })

  test('A41: compressed ones go to whoever takes them', async () => {
    const send = (accepted: string, path = '/assets/index-BxK3j9aQ.js') =>
      fetch(`${app.origin}${path}`, { headers: { 'accept-encoding': accepted } })
    const packed = await get('/assets/index-BxK3j9aQ.js', { 'accept-encoding': 'gzip, br' })
    assert.match(packed.head, /content-encoding: br\r\n/i)
    assert.match(packed.head, /content-type: [^\r]*javascript/i)
    assert.match(packed.head, /vary: Accept-Encoding\r\n/i)
    assert.equal(await (await send('br')).text(), code)
    for (const refused of ['br;q=0', 'gzip', 'identity', 'br;q=0.000, *']) {
      const plain = await send(refused)
      assert.equal(plain.headers.get('content-encoding'), null, refused)
      assert.equal(await plain.text(), code)
    }
    for (const coding of ['br', 'gzip'] as const) {
      const page = await fetch(`${app.origin}/`, { headers: { 'accept-encoding': coding } })
      assert.equal(page.headers.get('content-encoding'), coding)
      assert.equal(await page.text(), index)
    }
  })

  test('A42: the policy lets what the page brought along run, and nothing else', async () => {
    const { head } = await get('/deep', navigates)
    const [, policy = ''] = /content-security-policy: ([^\r]+)/i.exec(head) ?? []
    const scripts = policy.split('; ').find((each) => each.startsWith('script-src ')) ?? ''
    assert.equal(
      scripts,
      `script-src 'self' ${sourceOf(script)} 'unsafe-hashes' ${sourceOf("this.media='all'")}`,
    )
    for (const [name, value] of [
      ['x-frame-options', 'DENY'],
      ['x-content-type-options', 'nosniff'],
      ['referrer-policy', 'strict-origin-when-cross-origin'],
    ]) {
      assert.match(head, new RegExp(`${name}: ${value}\r\n`, 'i'))
    }
    assert.doesNotMatch((await get('/legal', navigates)).head, /sha256/)
    const asset = await get('/assets/plain.css')
    assert.match(asset.head, /x-content-type-options: nosniff\r\n/i)
  })

  test('A41: a new build into the same folder is served at once', async () => {
    write('changing.html', '<!doctype html><script>one</script>')
    const before = await get('/changing', navigates)
    write('changing.html', '<!doctype html><script>two</script><p>longer</p>')
    const later = await get('/changing', navigates)
    assert.match(before.body, /one/)
    assert.match(later.body, /two/)
    assert.ok(later.head.includes(sourceOf('two')))
    unlinkSync(join(dir, 'changing.html'))
    assert.ok(isIndex(await get('/changing', navigates)))
  })

  test('A40: protected pages send who is not signed in to sign in', async () => {
    const site = { ...navigates, 'sec-fetch-site': 'none' }
    const answer = await get('/account/orders', site)
    assert.equal(answer.status, 302)
    assert.match(answer.head, /location: [^\r]*\/bff\/login\?returnUrl=%2Faccount%2Forders/i)
    assert.equal((await get('/account/orders', fetches)).status, 401)
    const browser = app.browser()
    await browser.signInHere()
    const page = await browser.send(`${app.origin}/account/orders`, { headers: navigates })
    assert.match(page.body, /<title>App</)
  })
})

describe('settings of a built app', () => {
  test('A40: at the root of the origin only the names of endpoints are ours', async () => {
    const own = await startApp({ config: { basePath: '/', spa: { dir } } })
    const ask = (path: string) =>
      fetch(`${own.origin}${path}`, { headers: { accept: 'text/html' } })
    try {
      assert.equal((await ask('/health/live')).headers.get('content-type'), 'application/json')
      for (const path of ['/', '/user/settings', '/bff/login', '/health']) {
        assert.match(await (await ask(path)).text(), /<title>App</, path)
      }
    } finally {
      await own.close()
    }
  })

  test('A40: a folder that is not there, or has no page, keeps the process from starting', () => {
    const about = (path: string) =>
      spaProblem({
        spa: { dir: path, csp: 'off', origins: [], protectedPages: [], pageMaxBodyBytes: 0 },
      })
    assert.match(about(join(dir, 'none'))?.problem ?? '', /which is not there/)
    assert.match(about(join(dir, 'assets'))?.problem ?? '', /which has no index\.html/)
    assert.equal(about(dir), undefined)
  })

  const policyOf = async (csp: 'off' | Record<string, string[]>) => {
    const own = await startApp({ config: { spa: { dir, csp } } })
    try {
      const { headers } = await fetch(own.origin)
      assert.equal(headers.get('x-frame-options'), 'DENY')
      return headers.get('content-security-policy')
    } finally {
      await own.close()
    }
  }
  test('A42: more sources, or no policy', async () => {
    assert.equal(await policyOf('off'), null)
    const policy = await policyOf({
      'connect-src': ['https://api.example.com'],
      'object-src': ["'self'"],
      'media-src': ['https://media.example.com'],
    })
    assert.match(policy ?? '', /; connect-src 'self' https:\/\/api\.example\.com;/)
    assert.match(policy ?? '', /; object-src 'self';/)
    assert.match(policy ?? '', /; media-src 'self' https:\/\/media\.example\.com/)
  })
})
