import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { listenAt } from '#lib/hosts/listen-at.ts'
import { startApp } from './support/app.ts'

describe('A19: HOST=unix:<path>', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-socket-'))
  const path = join(directory, 'app.sock')
  after(() => rmSync(directory, { recursive: true }))

  const start = (env = {}) => {
    const config = { remotes: { open: { target: api, token: 'none' as const } } }
    return startApp({ config, env: { HOST: `unix:${path}`, ...env } })
  }
  const api = 'http://127.0.0.1:9'

  function get(target: string, headers: Record<string, string> = {}) {
    return new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ socketPath: path, path: target, headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
  }

  it('listens there, believes who is there if unix is trusted, and takes the socket away', async () => {
    for (const [BFF_TRUST_PROXY, client] of [
      ['unix', '203.0.113.9'],
      ['10.0.0.0/8', undefined],
      ['none', undefined],
    ] as const) {
      const app = await start({ BFF_TRUST_PROXY })
      assert.equal(app.host.address, `unix:${path}`)
      assert.equal(await get('/bff/health/live', { host: 'localhost' }), 200)
      const headers = { host: 'localhost', 'x-forwarded-for': '6.6.6.6, 203.0.113.9' }
      assert.equal(await get('/bff/user', headers), 403)
      assert.equal(await get('/api/remote/nobody', headers), 404)
      const refused = app.log.events.filter(({ event }) => event === 'request.refused')
      assert.deepEqual(
        refused.map(({ fields }) => (fields as { client?: string }).client),
        [client, client],
        BFF_TRUST_PROXY,
      )
      await app.close()
      assert.equal(existsSync(path), false)
    }
  })

  it('takes over a socket that a killed process left, and nothing else', async (t) => {
    const attempt = async () => {
      const server = createServer()
      t.after(() => void server.close())
      await listenAt(server, { host: `unix:${path}`, port: 0 })
      return server
    }
    const first = await attempt()
    await assert.rejects(attempt(), /EADDRINUSE/)
    assert.equal(existsSync(path), true, 'of somebody else')
    await new Promise((resolve) => first.close(resolve))
    writeFileSync(path, 'no socket')
    await assert.rejects(attempt(), /EADDRINUSE/)
    rmSync(path)
    const listenAndDie = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', listenAndDie, path])
    assert.equal(existsSync(path), true, 'left behind')
    const last = await attempt()
    await new Promise((resolve) => last.close(resolve))
  })
})
