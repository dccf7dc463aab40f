import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Row } from './measure.ts'
import { start, stop } from './processes.ts'
import { placeOf } from './request.ts'

const calls = 1000

/** A thousand calls at once, and the access token has expired: how often is the provider asked? */
export async function measureStorm(): Promise<Row[]> {
  let tokenRequests = 0
  const provider = createServer((request, response) => {
    const json = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (request.url?.startsWith('/.well-known/')) {
      json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
      })
    } else {
      tokenRequests += 1
      const token = { access_token: 'new', token_type: 'Bearer', expires_in: 3600 }
      setTimeout(() => json({ ...token, refresh_token: 'next' }), 50)
    }
  })
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  const upstream = await start('./upstream.ts')
  const server = await start('./server.ts', {
    BENCH_UPSTREAM: `http://127.0.0.1:${upstream.port}`,
    BENCH_ISSUER: issuer,
    BENCH_EXPIRED: '1',
  })
  const { url, cookie } = placeOf(server.port, server.cookie)
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  const started = performance.now()
  const statuses = await Promise.all(
    Array.from({ length: calls }, async () => {
      const answer = await fetch(url, { headers })
      await answer.arrayBuffer()
      return answer.status
    }),
  )
  const milliseconds = performance.now() - started
  await stop(server.process)
  await stop(upstream.process)
  provider.closeAllConnections()
  provider.close()
  return [
    {
      subject: `${calls} calls at once`,
      'token requests': tokenRequests,
      'answered 200': statuses.filter((status) => status === 200).length,
      'total ms': Math.round(milliseconds),
    },
  ]
}
