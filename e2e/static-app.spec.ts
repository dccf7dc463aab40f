import { cpSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type BrowserContext, expect, type Page, test } from 'playwright/test'
import { startDemoProvider } from '../test/stand-ins/provider.ts'
import { listen } from '../test/support/app.ts'
import { appFolder, startCommand, whenLive } from '../test/support/command.ts'
import { freePort } from '../test/support/free-port.ts'

import { pickUser } from './fixtures.ts'

/** Todos of whoever the token is for: an API that knows nothing of cookies. */
function todosApi(): Server {
  const lists = new Map<string, { id: number; title: string }[]>()
  let last = 0
  return createServer(async (request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '')
    if (!token || request.headers.cookie) return void response.writeHead(401).end()
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url')
    const { sub } = JSON.parse(payload.toString()) as { sub: string }
    const todos = lists.get(sub) ?? []
    if (request.method === 'POST') {
      const { title } = JSON.parse(await text(request)) as { title: string }
      lists.set(sub, [...todos, { id: ++last, title }])
    } else if (request.method === 'DELETE') {
      const kept = todos.filter(({ id }) => request.url !== `/${id}`)
      lists.set(sub, kept)
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(lists.get(sub) ?? []))
  })
}

const app = test.extend<object, { origin: string }>({
  origin: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names from it.
    async ({}, use) => {
      const port = await freePort()
      const origin = `http://localhost:${port}`
      const provider = await startDemoProvider({ publicOrigins: [origin] })
      const api = todosApi()
      const folder = appFolder()
      const source = join(import.meta.dirname, 'static-app')
      cpSync(source, folder.path, { recursive: true })
      const config = readFileSync(join(source, 'bff.config.json'), 'utf8')
      folder.write('bff.config.json', config.replace('TODOS_API', await listen(api)))
      const running = await startCommand(['serve'], {
        cwd: folder.path,
        env: {
          ...{ PORT: String(port), BFF_BASE_URL: origin, BFF_STORE: 'memory', BFF_DRAIN: '0' },
          ...{ BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA', OIDC_ISSUER: provider.issuer },
          OIDC_CLIENT_ID: provider.clientId,
          OIDC_CLIENT_SECRET: provider.clientSecret,
        },
      })
      await whenLive(running)
      await use(origin)
      running.kill('SIGKILL')
      api.closeAllConnections()
      api.close()
      await provider.close()
      folder.remove()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

async function enter(page: Page, address: string): Promise<void> {
  await page.goto(address)
  await expect(page.locator('#who')).toHaveText('nobody')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await pickUser(page)
  await expect(page.locator('#who')).toHaveText('Hello Alice Appleton')
}

/** Here nobody is signed in any more; the provider still knows the person. */
async function forgetHere(context: BrowserContext): Promise<void> {
  await context.clearCookies({ name: /bff/ })
}

app('A40, P40: a static app has its API at /todos, by settings alone', async ({ page, origin }) => {
  await enter(page, origin)
  await page.getByLabel('Title').fill('Umbrella')
  await page.getByRole('button', { name: 'Add' }).click()
  await expect(page.getByRole('listitem')).toHaveText(['Umbrella Delete'])
  await page.reload()
  await page.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('listitem')).toHaveCount(0)
  await page.getByRole('link', { name: 'Sign out' }).click()
  await expect(page.locator('#who')).toHaveText('nobody')
})

for (const path of ['/', '/prompt.html']) {
  app(
    `A42, L15: a static app at ${path} signs in silently whom the provider knows`,
    async ({ page, context, origin }) => {
      await enter(page, origin + path)
      await forgetHere(context)
      await page.goto(origin + path)
      await expect(page.locator('#who')).toHaveText('Hello Alice Appleton')
    },
  )
}
