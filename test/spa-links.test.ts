import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type App, startApp } from './support/app.ts'

const folder = mkdtempSync(join(tmpdir(), 'cloakroom-links-'))
const write = (file: string, text: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

let app: App
before(async () => {
  write('releases/1/index.html', '<!doctype html><title>App</title>')
  write('releases/1/account.html', '<!doctype html><title>Account</title>')
  write('releases/1/account.html.br', 'compressed')
  write('releases/1/files/a.txt', 'inside')
  write('releases/1/.env', 'BFF_SECRET=hidden')
  write('releases/1/..mounted/b.txt', 'inside')
  write('outside/secret.txt', 'hidden')
  write('outside/secret.html', 'hidden')
  symlinkSync('releases/1', join(folder, 'dist'))
  for (const [name, target] of [
    ['inside.txt', 'files/a.txt'],
    ['mounted.txt', '..mounted/b.txt'],
    ['folder', 'files'],
    ['env.txt', '.env'],
    ['secret.txt', '../../outside/secret.txt'],
    ['secret.html', '../../outside/secret.html'],
    ['etc', '/etc'],
    ['out', '../../outside'],
    ['nowhere.txt', 'not/there'],
  ] as const) {
    symlinkSync(target, join(folder, 'releases/1', name))
  }
  app = await startApp({
    config: { spa: { dir: join(folder, 'dist'), protectedPages: ['/account'] } },
  })
})
after(async () => {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('links in a built app', () => {
  for (const path of ['/inside.txt', '/mounted.txt', '/folder/a.txt']) {
    test(`A40: ${path} is followed, and stays inside`, async () => {
      const answer = await app.browser().call(path)
      assert.deepEqual([answer.status, answer.body], [200, 'inside'])
    })
  }

  for (const path of [
    ...['/env.txt', '/secret.txt', '/secret.html', '/secret'],
    ...['/etc/passwd', '/out/secret.txt', '/out/secret', '/nowhere.txt'],
  ]) {
    test(`A40: ${path} leads nowhere`, async () => {
      const answer = await app.browser().call(path)
      assert.equal(answer.status, 404)
      assert.doesNotMatch(answer.body, /hidden|root:/)
    })
  }

  for (const path of ['/account', '/account.html', '/account.HTML', '/account.html.br']) {
    test(`A40: the protected page is protected as ${path} too`, async () => {
      const browser = app.browser()
      const page = await browser.send(`${app.origin}${path}`, { from: 'typed' })
      assert.equal(page.status, 302)
      assert.match(page.headers.get('location') ?? '', /\/bff\/login/)
      assert.equal((await browser.call(path)).status, 401)
    })
  }
})
