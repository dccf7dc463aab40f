import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { isNavigation } from '../http/navigation.ts'
import { createDocuments, type Document } from './documents.ts'
import { accepts, encodings } from './encodings.ts'
import { filePath, isAssetPath } from './served-path.ts'
import { createStaticFiles } from './static-files.ts'

export interface BuiltAppDeps {
  /** Absolute path of the folder. */
  readonly dir: string
  /** Headers of a page, by the sources of its inline scripts. */
  readonly headersOf: (scripts: readonly string[]) => Readonly<Record<string, string>>
}

/** What an app's request came to, when it was not answered. */
export type Unanswered = 'not_found' | 'method_not_allowed'

/**
 * The built files of a single-page app. A page for whoever navigates, `index.html` where the path is none of a file; never
 * for a script's fetch, for what only a file can be, or for anything but GET and HEAD.
 */
export function createBuiltApp({ dir, headersOf }: BuiltAppDeps) {
  const documentOf = createDocuments()
  const serveFile = createStaticFiles(dir)

  /** The page of a path: the file itself, that of a folder, or the one that stands for all. */
  async function pageOf(path: string, isPage: boolean): Promise<Document | undefined> {
    const names = path.endsWith('/')
      ? [`${path}index.html`]
      : [path, `${path}/index.html`, `${path}.html`]
    for (const name of names) {
      const found = name.endsWith('.html') ? await documentOf(join(dir, name)) : undefined
      if (found) return found
    }
    return isPage ? documentOf(join(dir, 'index.html')) : undefined
  }

  /** Undefined when it was answered. */
  return async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Unanswered | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return 'method_not_allowed'
    const pathname = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const path = filePath(pathname)
    if (path === undefined) return 'not_found'
    const isHtml = path.endsWith('.html') || path.endsWith('/')
    if (!isHtml) {
      for (const [name, value] of Object.entries(headersOf([]))) response.setHeader(name, value)
      if (await serveFile(request, response, path)) return undefined
    }
    const isPage = !isAssetPath(path) && isNavigation(headersIn(request))
    const page = await pageOf(path, isPage)
    if (!page) return 'not_found'
    sendDocument(request, response, page, headersOf(page.scripts))
    return undefined
  }
}

function sendDocument(
  { method, headers: asked }: IncomingMessage,
  response: ServerResponse,
  { bytes, etag }: Document,
  headers: Readonly<Record<string, string>>,
): void {
  const coding = encodings.find((each) => accepts(asked['accept-encoding'], each.coding))?.coding
  const body = bytes[coding ?? 'identity']
  // Each representation has its own (RFC 9110 section 8.8.3.3).
  const tag = coding ? `${etag.slice(0, -1)}-${coding}"` : etag
  const isKnown = (asked['if-none-match'] ?? '')
    .split(',')
    .some((each) => each.trim().replace(/^W\//, '') === tag)
  response.writeHead(isKnown ? 304 : 200, {
    ...headers,
    'cache-control': 'no-cache',
    etag: tag,
    vary: 'Accept-Encoding, Sec-Fetch-Dest',
    ...(isKnown
      ? {}
      : {
          'content-type': 'text/html; charset=utf-8',
          'content-length': body.length,
          ...(coding ? { 'content-encoding': coding } : {}),
        }),
  })
  response.end(isKnown || method === 'HEAD' ? undefined : body)
}

/** As `fetch` has them: what looks at navigations reads these. */
function headersIn({ headers }: IncomingMessage): Headers {
  const names = ['sec-fetch-dest', 'sec-fetch-mode', 'accept'] as const
  return new Headers(
    names.flatMap((name): [string, string][] => {
      const value = headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}
