/** Browsers that sign in, one whole sign-in each: login and callback, nothing kept but the ticket; and out again, if asked. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface SignInOrder {
  readonly port: number
  readonly count: number
  /** Browsers at a time. */
  readonly atOnce: number
  /** @default false */
  readonly andOut?: boolean
}

export interface SignInResult {
  readonly milliseconds: number
  /** `Cookie` header values, one of each sign-in that succeeded. */
  readonly cookies: readonly string[]
  readonly failed: number
}

const navigation = {
  host: 'app.example',
  accept: 'text/html,application/xhtml+xml',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-GB,en;q=0.9',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'cross-site',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
}

async function run({ port, count, atOnce, andOut = false }: SignInOrder): Promise<SignInResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const navigate = (path: string, cookie?: string) =>
    new Promise<IncomingHttpHeaders>((resolve, reject) => {
      const headers = { ...navigation, ...(cookie === undefined ? {} : { cookie }) }
      const asked = request({ agent, port, path, headers, host: '127.0.0.1' }, (answer) => {
        answer.resume().on('end', () => resolve(answer.headers))
      })
      asked.on('error', reject).end()
    })
  const signOut = (cookie: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = { ...navigation, cookie, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' }
      const options = {
        agent,
        port,
        host: '127.0.0.1',
        path: '/bff/logout',
        method: 'POST',
        headers,
      }
      const asked = request(options, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      })
      asked.on('error', reject).end()
    })
  const cookies: string[] = []
  let failed = 0
  let left = count

  async function signIn(): Promise<void> {
    const begun = await navigate('/bff/login?returnUrl=/orders')
    const { searchParams } = new URL(begun.location ?? 'none:')
    const code = searchParams.get('nonce') ?? ''
    const answer = new URLSearchParams({ code, state: searchParams.get('state') ?? '' })
    const done = await navigate(`/bff/callback?${answer}`, pairsOf(begun))
    const ticket = pairsOf(done)
    if (done.location !== '/orders' || !ticket) throw new Error('not signed in')
    if (andOut && (await signOut(ticket)) >= 400) throw new Error('not signed out')
    cookies.push(ticket)
  }

  async function browser(): Promise<void> {
    while (left > 0) {
      left -= 1
      await signIn().catch(() => {
        failed += 1
      })
    }
  }

  const started = performance.now()
  await Promise.all(Array.from({ length: atOnce }, browser))
  const milliseconds = performance.now() - started
  agent.destroy()
  return { milliseconds, cookies, failed }
}

/** What a browser would send of the cookies that an answer sets. */
function pairsOf({ 'set-cookie': set = [] }: IncomingHttpHeaders): string {
  return set
    .filter((cookie) => !/max-age=0/i.test(cookie))
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ')
}

process.on('message', (order: SignInOrder) => {
  run(order).then((result) => process.send?.(result))
})
process.on('disconnect', () => process.exit())
