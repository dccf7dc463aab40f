import type { ReturnUrl } from '../http/return-url.ts'
import { barePolicy, createNonce } from './csp.ts'
import { htmlPage } from './page.ts'

/**
 * The page at the end of a silent sign-in: tells the page that holds the iframe, on our own origin and
 * no other, whether somebody is signed in. A provider may lead the whole window here that was meant for
 * the iframe; without one around it the page goes on to `returnUrl` (L15).
 */
export function silentLoginPage(
  isLoggedIn: boolean,
  publicOrigin: string,
  setCookies: readonly string[] = [],
  returnUrl?: ReturnUrl,
): Response {
  const nonce = createNonce()
  const message = { source: 'bff-silent-login', isLoggedIn }
  const tell = `parent.postMessage(${JSON.stringify(message)}, ${scriptText(publicOrigin)})`
  const goOn = `if (parent === window) location.replace(${scriptText(returnUrl ?? '')}); else `
  const body = `<!doctype html><title>Silent sign-in</title>
<script nonce="${nonce}">${returnUrl === undefined ? '' : goOn}${tell}</script>
`
  const response = htmlPage(body, 200, barePolicy('this site', nonce))
  for (const cookie of setCookies) response.headers.append('set-cookie', cookie)
  return response
}

/** A string for a script in a page, which must not hold what ends the script. */
function scriptText(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c')
}
