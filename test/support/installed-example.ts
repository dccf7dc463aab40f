import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright'
import { listen } from './app.ts'
import { freePort } from './free-port.ts'
import { startScriptedProvider } from './scripted-provider.ts'

/** Where `npm run examples` has copied and installed the example that a test is about. */
export const exampleFolder = process.env.EXAMPLE_FOLDER ?? ''

export interface StartedProgram {
  readonly child: ChildProcess
  readonly origin: string
  output(): string
  /** SIGTERM, and the exit status. */
  end(): Promise<number | null>
}

/** What an example is driven with: a browser, a provider, and an API behind `ORDERS_API`, which says a stream's next word when it is asked to. */
export interface ExampleStage {
  readonly browser: Browser
  /** Runs a program of `node_modules` with Node, its origin a new one; resolves when the engine answers. */
  start(program: string, args: string[], env?: Record<string, string>): Promise<StartedProgram>
  /** Runs a program of `node_modules` to its end. Rejects when it fails; answers what it printed. */
  run(program: string, args: string[], env?: Record<string, string>): Promise<string>
}

export async function exampleStage(t: TestContext): Promise<ExampleStage> {
  const provider = await startScriptedProvider()
  let words: ServerResponse | undefined
  let said = 0
  const say = () => words?.write(`data: ${++said}\n\n`)
  const api = createServer((request, response) => {
    if (request.method === 'POST') request.pipe(response)
    else if (request.url?.endsWith('/words')) {
      words = response.writeHead(200, { 'content-type': 'text/event-stream' })
      say()
    } else if (request.url?.endsWith('/next')) response.end(say() ? 'said' : 'nobody listens')
    else response.end(`orders for ${request.headers.authorization?.slice(0, 7)}`)
  })
  const ordersApi = await listen(api)
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  })
  const children: ChildProcess[] = []
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await browser.close()
    api.closeAllConnections()
    api.close()
    await provider.close()
  })

  function begin(program: string, args: string[], env: Record<string, string>) {
    const child = spawn(process.execPath, [join(exampleFolder, 'node_modules', program), ...args], {
      cwd: exampleFolder,
      stdio: 'pipe',
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production' as const },
        ...{ NEXT_TELEMETRY_DISABLED: '1', ...env },
      },
    })
    children.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
    }
    return { child, output: () => output }
  }

  return {
    browser,
    async start(program, args, more = {}) {
      const port = more.PORT ?? String(await freePort())
      const origin = `http://localhost:${port}`
      const { child, output } = begin(program, args, {
        ...{ HOST: '127.0.0.1', PORT: port, BFF_BASE_URL: origin, BFF_DRAIN: '0' },
        ...{ BFF_STORE: 'memory', BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA' },
        ...{ OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: provider.clientId },
        ...{ OIDC_CLIENT_SECRET: provider.clientSecret, ORDERS_API: ordersApi, ...more },
      })
      for (;;) {
        const answer = await fetch(`${origin}/bff/health/live`).catch(() => undefined)
        await answer?.body?.cancel()
        if (answer?.ok) break
        if (child.exitCode !== null) throw new Error(`${program} ended: ${output()}`)
        await sleep(50)
      }
      return {
        child,
        origin,
        output,
        async end() {
          const ended = once(child, 'exit')
          child.kill('SIGTERM')
          const [code] = (await ended) as [number | null]
          return code
        },
      }
    },
    async run(program, args, more = {}) {
      const { child, output } = begin(program, args, more)
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Error(output())
      return output()
    },
  }
}
