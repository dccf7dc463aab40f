import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { exampleFolder, exampleStage } from '../support/installed-example.ts'

const cloakroom = 'cloakroom/lib/command/main.js'

test('the development server behind one origin, hot reload included', async (t) => {
  const { browser, start } = await exampleStage(t)
  const port = String(await freePort())
  const main = join(exampleFolder, 'node_modules/vite/bin/vite.js')
  const vite = spawn(process.execPath, [main, '--port', port, '--strictPort'], {
    cwd: exampleFolder,
  })
  t.after(() => vite.kill('SIGKILL'))
  const env = { NODE_ENV: 'development', VITE_URL: `http://localhost:${port}` }
  const running = await start(cloakroom, ['serve'], env)
  const page = await browser.newPage()
  // While Vite is not there yet a page says so, which looks again by itself.
  await page.goto(`${running.origin}/deep/link`)
  await page.click('text=Sign in')
  await page.waitForSelector('pre:has-text("orders for Bearer")')
  assert.equal(page.url(), `${running.origin}/deep/link`)
  await page.evaluate('window.kept = true')
  const file = join(exampleFolder, 'src/app.jsx')
  const source = readFileSync(file, 'utf8')
  writeFileSync(file, source.replace('Hello ', 'Good day '))
  t.after(() => writeFileSync(file, source))
  await page.waitForSelector('h1:has-text("Good day alice")')
  assert.equal(await page.evaluate('window.kept'), true)
  assert.equal(await running.end(), 0)
})

test('what it is built into: deep links, a reload, the policy, the way out', async (t) => {
  const { browser, start, run } = await exampleStage(t)
  await run('vite/bin/vite.js', ['build'])
  const { origin } = await start(cloakroom, ['serve'])
  const page = await browser.newPage()
  const refused: string[] = []
  page.on('console', (message) => {
    if (/Content Security/.test(message.text())) refused.push(message.text())
  })
  await page.goto(`${origin}/deep/link`)
  await page.click('text=Sign in')
  await page.waitForSelector('pre:has-text("orders for Bearer")')
  await page.reload()
  assert.equal(await page.textContent('#place'), '/deep/link')
  assert.deepEqual(refused, [])
  await page.evaluate(`
    const script = document.createElement('script')
    script.textContent = 'window.injected = true'
    document.body.append(script)
    document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.injected = true">')
  `)
  while (refused.length < 2) await page.waitForTimeout(20)
  assert.equal(await page.evaluate('window.injected'), undefined)
  await page.click('text=Sign out')
  await page.waitForSelector('text=Sign in')
})
