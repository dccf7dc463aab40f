import { uncached } from '../http/uncached.ts'
import { barePolicy } from './csp.ts'

/**
 * A small page for a person whose sign-in or sign-out could not be done: no script, no style from
 * elsewhere, nothing that the request sent. `title` is one of ours; the link stays on this site.
 */
export function errorPage(options: {
  status: number
  title: string
  requestId: string
  /** What the first link says, and where it leads. */
  text: string
  href: string
  /** Start page of the app. @default '/' */
  home?: string
  headers?: Record<string, string>
}): Response {
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(options.title)}</title></head>
<body><main><h1>${escapeHtml(options.title)}</h1>
<p><a href="${escapeHtml(options.href)}" target="_top">${escapeHtml(options.text)}</a> · <a href="${escapeHtml(options.home ?? '/')}">Back to the start</a></p>
<p><small>Request ${escapeHtml(options.requestId)}</small></p></main></body></html>
`
  return htmlPage(body, options.status, {
    ...barePolicy('this site'),
    'x-request-id': options.requestId,
    ...options.headers,
  })
}

/** An HTML answer that no cache keeps and no sniffer reinterprets. */
export function htmlPage(body: string, status: number, headers: Record<string, string>): Response {
  return new Response(body, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      ...uncached,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      ...headers,
    },
  })
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
