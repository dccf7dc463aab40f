/** What the proxy is measured against: undici's own streaming, and nothing else. No rule, no token, no care. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { reportPort } from './subject.ts'

const pool = new Pool(process.env.BENCH_UPSTREAM ?? '')

const server = createServer((request, response) => {
  const { method = 'GET', url = '/', headers } = request
  const path = url.replace('/api/remote/api', '')
  pool.stream(
    { method, path, headers, body: method === 'GET' ? null : request },
    (answer) => response.writeHead(answer.statusCode, answer.headers),
    (error) => error && response.destroy(),
  )
})
server.listen(0, '127.0.0.1', () => reportPort((server.address() as AddressInfo).port))
