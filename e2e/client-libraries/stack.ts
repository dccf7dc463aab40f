import { join } from 'node:path'
import { build } from 'esbuild'
import type { Cookie, Page } from 'playwright/test'
import { type DemoStack, startDemoStack } from '../../test/support/demo-stack.ts'
import type { Host } from '../../test/support/start-cloakroom.ts'
import { enter } from '../fixtures.ts'
import { type LibraryApis, startLibraryApis } from './apis.ts'

/** The demo's, with the libraries' APIs behind it and the libraries in its page. */
export interface LibraryStack extends DemoStack {
  readonly apis: LibraryApis
  /** Signs in, unless a page has before, and lets the page have the libraries. */
  open(page: Page): Promise<void>
}

export async function startLibraryStack(host: Host): Promise<LibraryStack> {
  const script = await bundle()
  let apis: LibraryApis | undefined
  const stack = await startDemoStack({
    host,
    config: async ({ provider }) => {
      apis = await startLibraryApis(provider.issuer)
      return { remotes: { libraries: { target: apis.url, token: 'user', websocket: true } } }
    },
  })
  if (!apis) throw new Error('no API was started')
  const { close } = apis
  let signedIn: Cookie[] = []
  return {
    ...stack,
    apis,
    async open(page) {
      await page.context().addCookies(signedIn)
      if (signedIn.length > 0) await page.goto('/')
      else await enter(page)
      signedIn = await page.context().cookies()
      // As a script of the app: under the policy of its pages, with their nonce. And by a timer, since
      // the policy does not hold (`eval`) for what a debugger calls.
      await page.evaluate(
        (text) =>
          new Promise<void>((resolve) => {
            setTimeout(() => {
              const tag = document.createElement('script')
              tag.nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? ''
              tag.textContent = text
              document.head.append(tag)
              resolve()
            })
          }),
        script,
      )
    },
    async close() {
      await stack.close()
      await close()
    },
  }
}

/** The libraries, and what the page does with them. */
async function bundle(): Promise<string> {
  const entry = join(import.meta.dirname, 'in-the-page.ts')
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false })
  return outputFiles[0]?.text ?? ''
}
