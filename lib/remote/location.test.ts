import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { publicLinks } from './link.ts'
import { createPublicAddress, type RemotePlace } from './location.ts'

const place: RemotePlace = {
  origin: 'http://orders.internal:8080',
  prefix: '/v1',
  publicPrefix: '/api/remote/orders',
  publicOrigin: 'https://app.example',
}
const publicAddress = (address: string, changes: Partial<RemotePlace> = {}) =>
  createPublicAddress({ ...place, ...changes })(address, '/v1/items/5?x=1')

describe('P25: an address in an API’s answer', () => {
  const inside = '/api/remote/orders/items?page=2#a'
  for (const [address, expected] of [
    ['http://orders.internal:8080/v1/items?page=2#a', inside],
    ['https://orders.internal:8080/v1/items?page=2#a', inside],
    ['//orders.internal:8080/v1/items?page=2#a', inside],
    ['/v1/items?page=2#a', inside],
    ['/api/remote/orders/items?page=2#a', inside],
    ['/api/remote/orders/v1/items?page=2#a', inside],
    ['https://orders.internal:8080/api/remote/orders/items?page=2#a', inside],
    ['http://app.example/api/remote/orders/items?page=2#a', inside],
    ['https://app.example/api/remote/orders/v1/items?page=2#a', inside],
    ['https://app.example/api/remote/orders/items', 'https://app.example/api/remote/orders/items'],
    ['/api/remote/orders', '/api/remote/orders'],
    ['/api/remote/orders-2/x', 'http://orders.internal:8080/api/remote/orders-2/x'],
    ['/v2/items', 'http://orders.internal:8080/v2/items'],
    ['https://app.example/bye', 'https://app.example/bye'],
    ['http://app.example/v1/items', 'http://app.example/v1/items'],
    // Of an API that does not know its port; and every spelling of its name.
    ['https://orders.internal/v1/items?page=2#a', inside],
    ['http://orders.internal/v1/items?page=2#a', inside],
    ['http://orders.internal:80/v1/items?page=2#a', inside],
    ['https://orders.internal:443/v1/items?page=2#a', inside],
    ['http://orders.internal.:8080/v1/items?page=2#a', inside],
    ['https://orders.internal./v1/items?page=2#a', inside],
    ['HTTP://ORDERS.Internal:8080/v1/items?page=2#a', inside],
    ['http://%6frders.internal:8080/v1/items?page=2#a', inside],
    ['http://orders.internal:08080/v1/items?page=2#a', inside],
    ['http:\\\\orders.internal:8080/v1/items?page=2#a', inside],
    ['http://orders.internal:9090/v1/items', 'http://orders.internal:9090/v1/items'],
    ['https://APP.example./api/remote/orders/v1/items?page=2#a', inside],
    ['https://app.example:444/api/remote/orders/x', 'https://app.example:444/api/remote/orders/x'],
    ['https://user:pw@orders.internal:8080/v1', 'https://user:pw@orders.internal:8080/v1'],
    ['com.example.app:/done?x=1', 'com.example.app:/done?x=1'],
    ['/v1/\xe4\xf6?q=\xe6\xbc\xa2', '/api/remote/orders/%E4%F6?q=%E6%BC%A2'],
  ] as const) {
    it(`${address} is ${expected} to the browser`, () => {
      assert.equal(publicAddress(address), expected)
    })
  }

  it('is on a host whose port is left out under either scheme', () => {
    for (const origin of ['http://api.example.com', 'https://api.example.com']) {
      for (const scheme of ['http', 'https']) {
        const address = `${scheme}://api.example.com/v1/a`
        assert.equal(publicAddress(address, { origin }), '/api/remote/orders/a')
      }
    }
  })

  it('is on a host whose name or address is written in another way', () => {
    for (const [origin, host] of [
      ['http://b\xfccher.internal:8080', 'xn--bcher-kva.internal:8080'],
      ['http://b\xfccher.internal:8080', 'b%C3%BCcher.internal'],
      ['http://b\xfccher.internal:8080', 'b\xc3\xbccher.internal.'],
      ['http://10.0.0.5:8080', '0x0a.5:8080'],
      ['http://10.0.0.5:8080', '[::ffff:10.0.0.5]:8080'],
      ['http://[fd00::5]:8080', '[fd00:0:0::0.0.0.5]'],
      ['http://orders.:8080', 'Orders'],
    ] as const) {
      const address = `http://${host}/v1/a`
      assert.equal(publicAddress(address, { origin }), '/api/remote/orders/a', host)
    }
  })

  const unreachable = [
    ...[
      'localhost:3000',
      'LOCALHOST.',
      'a.localhost',
      'localhost.localdomain',
      'orders',
      'orders.',
    ],
    ...['127.1', '0x7f000001', '2130706433', '0.0.0.0:80', '0.1.2.3', '10.1.2.3', '192.168.0.1'],
    ...['172.16.0.1', '172.31.255.255', '169.254.169.254', '100.64.0.1', '192.0.0.1', '192.0.2.1'],
    ...['198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.1.1.1'],
    ...['240.0.0.1', '255.255.255.255'],
    ...['[::]', '[::1]:8080', '[fd00::1]', '[fc00::1]', '[fe80::1]', '[febf::1]', '[fec0::1]'],
    ...['[ff02::1]', '[100::1]', '[2001:db8::1]', '[2001:2::1]', '[3fff::1]', '[5f00::1]'],
    // An IPv4 address in an IPv6 one: mapped, compatible, translated, 6to4.
    ...['[::ffff:10.0.0.1]', '[0:0:0:0:0:ffff:7f00:1]', '[::127.0.0.1]', '[::ffff:0:10.0.0.1]'],
    ...['[64:ff9b::192.168.0.1]', '[64:ff9b::a00:0]', '[64:ff9b:1::1]', '[2002:7f00:1::]'],
    ...['[2002:a00:1:5::1]', '[2002::]'],
  ].map((host) => `http://${host}/x`)
  for (const address of unreachable) {
    it(`${address} leads no browser anywhere, unless it runs on this machine`, () => {
      assert.equal(publicAddress(address), undefined)
      const { href } = new URL(address)
      assert.equal(publicAddress(address, { publicOrigin: 'http://localhost:3000' }), href)
    })
  }

  it('is left alone on the public origin, whatever its name', () => {
    const publicOrigin = 'https://intranet'
    assert.equal(publicAddress('https://intranet/x', { publicOrigin }), 'https://intranet/x')
    assert.equal(publicAddress('http://intranet/x', { publicOrigin }), 'http://intranet/x')
  })

  it('is passed on where a browser gets to it', () => {
    for (const host of [
      ...['8.8.8.8', '172.32.0.1', '100.128.0.1', '198.20.0.1', '223.255.255.255', '11.0.0.1'],
      ...['[2606:4700::1]', '[::ffff:808:808]', '[64:ff9b::808:808]', '[2002:808:808::1]'],
      ...['localhost.example', 'mylocalhost.example', 'orders.local', 'a.b'],
    ]) {
      assert.equal(publicAddress(`http://${host}/x`), `http://${host}/x`)
    }
  })
})

describe('P25: a Link', () => {
  const links = (lines: string | string[]) => publicLinks(lines, (it) => publicAddress(it))

  it('leads where the browser can go, value by value', () => {
    assert.deepEqual(
      links([
        '<http://orders.internal:8080/v1/items?page=2>; rel="next"; title="a, \\"b\\" <c>; \xe4", <?page=9>; rel=last',
        '</v1/items?page=1>;rel=prev;hreflang="de" , <http://orders/x>; rel=first, , <https://docs.example/>; rel=help',
      ]),
      [
        '</api/remote/orders/items?page=2>; rel="next"; title="a, \\"b\\" <c>; \xe4", </api/remote/orders/items/5?page=9>; rel=last',
        '</api/remote/orders/items?page=1>;rel=prev;hreflang="de", <https://docs.example/>; rel=help',
      ],
    )
    for (const rel of [
      'next',
      'prev',
      'previous',
      'last',
      'self',
      'item',
      '"https://a.example/rel x"',
    ]) {
      assert.equal(links(`</v1/a>; rel=${rel}`).length, 1, rel)
    }
  })

  it('makes no browser load anything', () => {
    for (const rel of [
      ...['preload', 'modulepreload', 'prefetch', 'preconnect', 'dns-prefetch', 'prerender'],
      ...['stylesheet', 'icon', '"shortcut icon"', 'apple-touch-icon', 'manifest', 'PRELOAD'],
      ...['"next preload"', '"alternate stylesheet"', 'compression-dictionary', '"pre\\load"'],
    ]) {
      assert.deepEqual(links(`</v1/a>; rel=${rel}`), [], rel)
      assert.deepEqual(links(`</v1/a>; REL = ${rel}; as=script`), [], rel)
      assert.deepEqual(links(`</v1/a>; title="; rel=" ; rel=${rel}; x="y"`), [], rel)
      assert.deepEqual(links(`</v1/a>; rel=next; rel=${rel}`), [], rel)
    }
  })

  it('is dropped when it is no list of links', () => {
    for (const line of [
      'x',
      '</v1/a',
      '</v1/a>; rel="next',
      '</a>; rel=next, b',
      '<a<b>; rel=next',
    ]) {
      assert.deepEqual(links(line), [], line)
    }
    // In no more steps than it has characters, or so.
    assert.deepEqual(links(`</a>${'; '.repeat(8000)}${' '.repeat(8000)}"`), [])
  })
})
