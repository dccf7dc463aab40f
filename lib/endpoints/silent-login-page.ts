import { randomBytes } from 'node:crypto'
import { htmlPage } from '../http/page.ts'

/**
 * The page at the end of a silent sign-in: tells the page that holds the iframe, on our own origin and
 * no other, whether somebody is signed in.
 */
export function silentLoginPage(
  isLoggedIn: boolean,
  publicOrigin: string,
  setCookies: readonly string[] = [],
): Response {
  const nonce = randomBytes(16).toString('base64')
  const message = JSON.stringify({ source: 'bff-silent-login', isLoggedIn })
  const body = `<!doctype html><title>Silent sign-in</title>
<script nonce="${nonce}">window.parent.postMessage(${message}, ${JSON.stringify(publicOrigin)})</script>
`
  const response = htmlPage(body, 200, {
    'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'self'`,
  })
  for (const cookie of setCookies) response.headers.append('set-cookie', cookie)
  return response
}
