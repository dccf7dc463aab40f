import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createRequestHeaders } from './request-headers.ts'

const plain = { remove: [], methodsAreLimited: false, lowerCaseNames: false }
const read = createRequestHeaders(plain)
const passed = (raw: string[], options = {}) =>
  createRequestHeaders({ ...plain, ...options })(raw).passed

describe('P3: a request’s headers on their way in', () => {
  it('pass as they came, in their order, with their spelling', () => {
    const raw = ['Accept', 'a/b', 'X-App', '1', 'accept', 'c/d', 'x-APP', '2', 'If-Match', '"e"']
    assert.deepEqual(passed(raw), raw)
  })

  for (const name of [
    'Cookie',
    'Authorization',
    'DPoP',
    'X-CSRF',
    'Host',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Transfer-Encoding',
    'Expect',
    'Proxy-Authorization',
    'Proxy-Connection',
    'Proxy',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-User',
    'X-Real-IP',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Middleware-Subrequest',
    'X-Nextjs-Data',
    'X-Vercel-Id',
    'X_Forwarded_For',
    'Remote_User',
    'X-Request-Id',
    'traceparent',
  ]) {
    it(`drop ${name}, however it is written`, () => {
      const odd = [...name].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join('')
      const raw = [
        name,
        'v',
        'Accept',
        '*/*',
        name.toLowerCase(),
        'v',
        odd,
        'v',
        name.toUpperCase(),
        'v',
      ]
      assert.deepEqual(passed(raw), ['Accept', '*/*'])
    })
  }

  it('lose what Connection names, and only that', () => {
    const raw = [
      'X-Hop',
      '1',
      'Connection',
      'close, X-Hop\t,x-other',
      'X-Other',
      '2',
      'X-Stay',
      '3',
    ]
    assert.deepEqual(passed(raw), ['X-Stay', '3'])
    // What the proxy reads stays readable: a client cannot hide its Origin from the CSRF rule.
    const head = read(['Connection', 'origin', 'Origin', 'https://evil.example'])
    assert.equal(head.origin, 'https://evil.example')
    assert.deepEqual(head.passed, [])
  })

  it('lose what the setting names, and method overrides where methods are limited', () => {
    const raw = ['X-Debug', '1', 'Referer', 'r', 'X-HTTP-Method-Override', 'DELETE', 'Origin', 'o']
    assert.deepEqual(passed(raw, { remove: ['x-debug', 'referer', 'origin'] }), raw.slice(4, 6))
    assert.deepEqual(passed(raw, { methodsAreLimited: true }), [...raw.slice(0, 4), 'Origin', 'o'])
    assert.equal(createRequestHeaders({ ...plain, remove: ['origin'] })(raw).origin, 'o')
  })

  it('are lower case for HTTP/2', () => {
    assert.deepEqual(passed(['Accept', 'a', 'X-App', 'b'], { lowerCaseNames: true }), [
      'accept',
      'a',
      'x-app',
      'b',
    ])
  })

  it('are read with every line of a name counted', () => {
    const head = read([
      'cookie',
      'a=1',
      'Cookie',
      'b=2',
      'Origin',
      'https://a',
      'origin',
      'https://b',
    ])
    assert.equal(head.cookie, 'a=1; b=2')
    assert.equal(head.origin, 'https://a, https://b')
  })

  it('never carry a secret or a claim of the client’s, whatever else is sent', () => {
    const bad = /^(?:cookie|authorization|dpop|x-csrf|forwarded|x-forwarded-.*|host|.*_.*)$/i
    const name = fc.oneof(
      fc.constantFrom(
        'Cookie',
        'COOKIE',
        'authorization',
        'DPoP',
        'x_y',
        'X-Forwarded-Proto',
        'HOST',
      ),
      fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
        const out = read(pairs.flat()).passed
        for (let i = 0; i < out.length; i += 2) assert.doesNotMatch(out[i] ?? '', bad)
      }),
    )
  })
})

describe('P32: a request’s headers that only a gateway may send', () => {
  for (const name of [
    // Families, with a name of each.
    ...['X-Auth-Username', 'X-Auth-Roles', 'X-Userinfo', 'X-ID-Token', 'X-JWT-Assertion'],
    ...['X-JWT-Claims', 'iv-user', 'iv-groups', 'SM-User', 'SMUSER', 'Shib-Identity-Provider'],
    ...['Eppn', 'l5d-client-id', 'X-Hasura-Role', 'Forwarded-For', 'X-Forward-For'],
    ...['X-Kong-Consumer', 'X-APISIX-Consumer'],
    ...[
      'X-Client-IP',
      'True-Client-IP',
      'CF-Connecting-IP',
      'Fastly-Client-IP',
      'X-Azure-ClientIP',
    ],
    ...[
      'Client-IP',
      'X-Envoy-External-Address',
      'X-Envoy-Internal',
      'X-Forwarded',
      'X-Remote-Addr',
    ],
    ...['X-Forwarded-Client-Cert', 'X-Original-Forwarded-For', 'X-Originating-IP', 'X-Real-IP'],
    ...['Remote-User', 'X-Remote-User', 'HTTP-Remote-User', 'X-Remote-Group', 'Remote-Groups'],
    ...[
      'X-WebAuth-User',
      'X-WebAuth-Role',
      'X-Auth-Request-Email',
      'X-Auth-User',
      'X-Authentik-Uid',
    ],
    ...['X-MS-Client-Principal', 'X-MS-Client-Principal-Id', 'X-MS-Token-AAD-Id-Token'],
    ...['X-Goog-Authenticated-User-Email', 'X-Goog-IAP-JWT-Assertion', 'X-Amzn-Oidc-Data'],
    ...['X-Amzn-Oidc-Identity', 'X-Amzn-Mtls-Clientcert', 'X-Apigateway-Api-Userinfo'],
    ...[
      'X-SSL-Client-Verify',
      'X-SSL-Client-S-DN',
      'SSL-Client-Cert',
      'Client-Cert',
      'X-Client-Dn',
    ],
    ...['Client-Cert-Chain', 'X-ARR-ClientCert', 'Impersonate-User', 'CF-Access-Jwt-Assertion'],
    ...['X-Consumer-Username', 'Tailscale-User-Login', 'X-Pomerium-Claim-Email', 'Front-End-Https'],
    ...['X-Accel-Mapping', 'X-Sendfile-Type', 'X-Middleware-Invoke', 'X-Nextjs-Data'],
    ...['X-Vercel-Id', 'X-Vercel-Forwarded-For', 'X-Vercel-Ip-Country', 'X-Scheme', 'X-Host'],
  ]) {
    it(`drop ${name}`, () => {
      assert.deepEqual(passed([name, 'v', name.toLowerCase(), 'v', name.toUpperCase(), 'v']), [])
    })
  }

  it('leave what a page says of itself', () => {
    const own = [
      ...['X-Vercel-AI-UI-Message-Stream', 'X-Api-Key', 'X-Auth-Token', 'X-Goog-Api-Key'],
      ...['X-Amz-Date', 'X-Requested-With', 'X-User-Id', 'X-Client-Version', 'X-Tenant'],
      ...['Idempotency-Key', 'X-Client-Id', 'X-Remote', 'X-Issuer', 'Apollo-Require-Preflight'],
    ].flatMap((name) => [name, '1'])
    assert.deepEqual(passed(own), own)
  })
})
