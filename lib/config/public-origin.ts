import { type Environment, type Mode, readerOf, type Variables, vercelHost } from './env.ts'
import type { Report } from './report.ts'
import { parseOrigin } from './web-address.ts'

export const originVariables = {
  BFF_BASE_URL: {
    meaning:
      'Public origin: scheme, host and port as the browser sees them. `https:`, or `http:` on loopback. Never taken from the `Host` header.',
    defaultInWords:
      'on Vercel the production URL (in previews the URL of the branch, else of the deployment); in development `http://localhost:$PORT`',
    example: 'https://app.example.com',
  },
} as const satisfies Variables

const read = readerOf(originVariables)

/** BFF_BASE_URL, or what Vercel or development mode makes sure of. Never a request's `Host`. */
export function publicOrigin(env: Environment, mode: Mode, port: number, report: Report): string {
  const configured = read(env, 'BFF_BASE_URL')
  const host = vercelHost(env)
  if (configured === undefined && host !== undefined) {
    report.note(`BFF_BASE_URL is not set: using https://${host}, by Vercel's word.`)
  }
  const text = configured ?? (host === undefined ? undefined : `https://${host}`)
  if (text === undefined) {
    if (mode === 'development' && port !== 0) return `http://localhost:${port}`
    report.problem('BFF_BASE_URL', 'is not set', 'set it to the origin that the browser sees')
    return ''
  }
  const origin = parseOrigin(text)
  if (origin.ok) return origin.value
  report.problem('BFF_BASE_URL', origin.problem, origin.fix)
  return ''
}
