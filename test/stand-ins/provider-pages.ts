import { createHash } from 'node:crypto'
import type { DemoUser } from './users.ts'

const style = `
:root { color-scheme: light dark;
  --paper: light-dark(#faf9f6, #131412); --surface: light-dark(#fff, #1b1d1a);
  --ink: light-dark(#1b1d1a, #ecebe6); --muted: light-dark(#5d615a, #a2a59d);
  --line: light-dark(#dfddd5, #33362f); --accent: light-dark(#1f6a50, #7fcbac);
  --on-accent: light-dark(#fff, #0d1f18) }
* { box-sizing: border-box }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1.25rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif }
main { width: 100%; max-width: 26rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: 14px; padding: clamp(1.25rem, 5vw, 2rem) }
h1 { font-size: 1.6rem; line-height: 1.15; letter-spacing: -.022em; font-weight: 650; margin: 0 0 .5rem;
  text-wrap: balance }
p { margin: 0 0 1.25rem; color: var(--muted); text-wrap: pretty }
p:last-child { margin-bottom: 0 }
form { display: grid; gap: .65rem; margin: 0 }
label { display: grid; gap: .35rem; font-weight: 600 }
input { font: inherit; color: inherit; min-height: 2.75rem; padding: 0 .9rem; background: var(--paper);
  border: 1px solid var(--muted); border-radius: 10px; letter-spacing: .2em }
button { font: inherit; color: inherit; text-align: left; cursor: pointer; display: flex; gap: .9rem;
  align-items: center; width: 100%; min-height: 3.5rem; padding: .6rem .9rem; background: transparent;
  border: 1px solid var(--line); border-radius: 10px }
button:hover { border-color: var(--accent) }
button img { width: 2.25rem; height: 2.25rem; flex: none }
button span { min-width: 0; overflow-wrap: anywhere; font-weight: 600; line-height: 1.35 }
button small { display: block; color: var(--muted); font-weight: 400; font-size: .9rem }
button.plain { justify-content: center; min-height: 2.75rem; border-color: transparent; color: var(--muted) }
button.plain:hover { color: var(--accent) }
button.primary { justify-content: center; min-height: 2.75rem; border-radius: 999px; font-weight: 600;
  background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px }
a { color: var(--accent); text-underline-offset: .2em }
code { font-size: .84em; overflow-wrap: anywhere }
`

const submit = 'document.forms[0].submit()'

/** The policy of every page here: no script but the one that sends a form by itself. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "img-src 'self'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash('sha256').update(submit).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Why the page is shown: a first sign-in, one that must be stronger, or merely a fresh one. */
export type LoginReason = 'sign-in' | 'stronger' | 'again'

export interface LoginPage {
  action: string
  users: readonly DemoUser[]
  reason: LoginReason
}

const headings: Record<LoginReason, string> = {
  'sign-in': 'Who is signing in?',
  stronger: 'One more step',
  again: 'Please confirm that it is you',
}

const explanations: Record<LoginReason, string> = {
  'sign-in': 'This is the demo’s own OpenID Provider. Choose a person; no password is needed.',
  stronger:
    'The page that you opened asks for a second factor. In this demo, any six digits will do.',
  again: 'The page that you opened asks for a recent sign-in. No password is needed in this demo.',
}

export function loginPage({ action, users, reason }: LoginPage): string {
  const buttons = users.map(
    (user) => `<button name="user" value="${escapeHtml(user.sub)}">
<img src="/avatar/${escapeHtml(user.sub)}.svg" alt="" width="36" height="36">
<span>${escapeHtml(user.name)}<small>${escapeHtml(user.email)}</small></span></button>`,
  )
  const code =
    reason === 'stronger'
      ? `<label>Code<input name="code" inputmode="numeric" autocomplete="one-time-code"
 pattern="[0-9]{6}" value="123456" required></label>`
      : ''
  return page(
    'Demo sign-in',
    `<h1>${headings[reason]}</h1>
<p>${explanations[reason]}</p>
<form method="post" action="${escapeHtml(action)}">
${code}
${buttons.join('\n')}
<button class="plain" name="cancel" value="yes" formnovalidate>Cancel</button>
</form>`,
  )
}

/** Sends the provider's sign-out form by itself: the person has confirmed in the app already. */
export function signingOutPage(form: string): string {
  const sending = form.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>')
  return page(
    'Signing out',
    `<h1>Signing out</h1>
${sending}
<noscript><button class="primary" form="op.logoutForm">Continue</button></noscript>
<script>${submit}</script>`,
  )
}

export function signedOutPage(home: string): string {
  return page(
    'Signed out',
    `<h1>You are signed out</h1>
<p>The demo provider has forgotten you. <a href="${escapeHtml(home)}">Back to the app</a></p>`,
  )
}

export function errorPage(details: Record<string, unknown>, home: string): string {
  const rows = ['error', 'error_description']
    .filter((name) => typeof details[name] === 'string')
    .map((name) => `<p><code>${escapeHtml(String(details[name]))}</code></p>`)
  return page(
    'Demo provider: error',
    `<h1>The demo provider cannot do this</h1>
${rows.join('\n')}
<p><a href="${escapeHtml(home)}">Back to the app</a></p>`,
  )
}

export function welcomePage(issuer: string, home: string): string {
  return page(
    'Demo provider',
    `<h1>Demo OpenID Provider</h1>
<p>It signs in the demo’s people, and nobody else. <a href="${escapeHtml(home)}">Open the app</a></p>
<p><a href="/.well-known/openid-configuration">Discovery document</a> of <code>${escapeHtml(issuer)}</code></p>`,
  )
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body><main>
${body}
</main></body>
</html>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
