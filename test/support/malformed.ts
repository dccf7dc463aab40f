import type { Seeded } from './seeded.ts'

interface Parts {
  start: string
  headers: string[]
  body: string
}

type Mutation = (parts: Parts, random: Seeded) => void

// Not the sign-out: a request that stayed valid would end the session of all that follow.
const paths = [
  ...['/api/remote/api/items?page=1', '/api/remote/api', '/api/remote/none/x', '/'],
  ...['/bff/user', '/bff/login?returnUrl=/a', '/bff/callback?code=a&state=b', '/bff/health/live'],
  ...[
    '/bff/logout-callback?state=x',
    '/bff/backchannel',
    '/bff/frontchannel',
    '/bff/silent-login-callback',
  ],
]

const methods = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'CONNECT', 'QQ']

const framings: ((body: string) => { header: string; body: string })[] = [
  (body) => ({ header: `Content-Length: ${body.length}`, body }),
  (body) => ({
    header: 'Transfer-Encoding: chunked',
    body: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  }),
  () => ({ header: 'X-Nothing: 1', body: '' }),
]

/** Each spoils a valid request in one way; several may meet. */
const mutations: Record<string, Mutation> = {
  bothLengths: ({ headers }) => headers.push('Content-Length: 5', 'Transfer-Encoding: chunked'),
  twoLengths: ({ headers }) => headers.push('Content-Length: 1', 'content-length: 2'),
  oddLength: ({ headers }, random) =>
    headers.push(`Content-Length: ${random.pick(['-1', '+1', '1e3', '0x5', '', '9'.repeat(30)])}`),
  oddEncoding: ({ headers }, random) =>
    headers.push(
      `Transfer-Encoding: ${random.pick(['xchunked', 'gzip, chunked', 'chunked, x', '\u000bchunked'])}`,
    ),
  fold: ({ headers }) => headers.push('X-Folded: a\r\n b\r\n\tc'),
  spaceBeforeColon: ({ headers }) => headers.push('Content-Length : 3'),
  chunkExtension: (parts) => {
    parts.headers.push('Transfer-Encoding: chunked')
    parts.body = `5;a=${'b'.repeat(3000)}\r\nhello\r\n0;x\r\nTrailer: 1\r\n\r\n`
  },
  chunkSize: (parts, random) => {
    parts.headers.push('Transfer-Encoding: chunked')
    parts.body = `${random.pick(['zz', '-1', '5 5', 'f'.repeat(20), '', '0x5'])}\r\nhello\r\n0\r\n\r\n`
  },
  connectionNames: ({ headers }) =>
    headers.push('Connection: close, Cookie, Host, Authorization, Content-Length, X-CSRF'),
  underscores: ({ headers }) => headers.push('X_User: eve', 'Content_Length: 9', '_: _'),
  absoluteForm: (parts) => {
    parts.start = parts.start.replace(' /', ' http://evil.example/')
  },
  oddTarget: (parts, random) => {
    const target = random.pick(['*', 'evil:443', '/%', '/..//', '/api/remote/api/%2e%2e/x', '//x'])
    parts.start = parts.start.replace(/ \S+ /, ` ${target} `)
  },
  headerFlood: ({ headers }, random) => {
    const count = random.integer(3000)
    for (let i = 0; i < count; i += 1) headers.push(`X-${i}: ${i}`)
  },
  cookieFlood: ({ headers }, random) => {
    const cookies = Array.from({ length: random.integer(800) }, (_, i) => `c${i}=${i}`)
    headers.push(`Cookie: ${cookies.join(random.pick(['; ', ';', ',', ';;']))}`)
  },
  twoTickets: ({ headers }) => headers.push('Cookie: bff=Fe26.2*x*y; bff=; bff', 'Cookie: bff=%00'),
  nul: ({ headers }) => headers.push('X-Nul: a\u0000b'),
  control: ({ headers }, random) => headers.push(`X-Odd: ${random.bytes(20)}`),
  giantUrl: (parts, random) => {
    const long = 'a/'.repeat(random.integer(30_000))
    parts.start = parts.start.replace(' HTTP', `${long} HTTP`)
  },
  version: (parts, random) => {
    parts.start = parts.start.replace(/HTTP.*/, random.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2', '']))
  },
  noHost: (parts) => {
    parts.headers = parts.headers.filter((line) => !line.startsWith('Host'))
  },
  upgrade: ({ headers }, random) =>
    headers.push(`Upgrade: ${random.pick(['websocket', 'h2c', 'x'])}`, 'Connection: Upgrade'),
  expect: ({ headers }, random) =>
    headers.push(`Expect: ${random.pick(['100-continue', '200-maybe'])}`),
  forwarded: ({ headers }, random) =>
    headers.push(`X-Forwarded-For: ${random.bytes(9)}`, 'Forwarded: for="[::;', 'Origin: null'),
}

/** Makes one malformed conversation after another: valid requests, spoiled, cut off, or followed by garbage. */
export function createMalformed(random: Seeded, cookie: string): () => string {
  const names = Object.keys(mutations)

  function request(): string {
    const framing = random.pick(framings)('b'.repeat(random.integer(2000)))
    const parts: Parts = {
      start: `${random.pick(methods)} ${random.pick(paths)} HTTP/1.1`,
      headers: [
        'Host: localhost',
        'Sec-Fetch-Site: same-origin',
        `Cookie: ${cookie}`,
        framing.header,
      ],
      body: framing.body,
    }
    const times = random.integer(4)
    for (let i = 0; i < times; i += 1) mutations[random.pick(names)]?.(parts, random)
    const lineEnd = random.once(12) ? random.pick(['\n', '\r', '\n\r']) : '\r\n'
    return [parts.start, ...parts.headers, '', parts.body].join(lineEnd)
  }

  return () => {
    let text = request()
    while (random.once(4)) text += random.once(2) ? request() : random.bytes(random.integer(500))
    if (random.once(4)) text = text.slice(0, random.integer(text.length))
    if (random.once(5)) {
      const at = random.integer(text.length)
      text = text.slice(0, at) + random.bytes(1 + random.integer(3)) + text.slice(at + 1)
    }
    return text
  }
}
