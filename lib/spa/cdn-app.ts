import type { IncomingMessage, ServerResponse } from 'node:http'
import { isNavigation } from '../http/navigation.ts'
import type { BuiltAppDeps, Unanswered } from './built-app.ts'
import type { Document } from './documents.ts'
import { headersIn, sendDocument } from './send-document.ts'
import { isAssetPath, pathInApp } from './served-path.ts'

export interface CdnAppDeps extends Pick<BuiltAppDeps, 'headersOf' | 'root'> {
  /** Rejects while there is none. */
  readonly index: () => Promise<Document>
}

/** An app whose files lie elsewhere: its page for whoever navigates, and nothing else. */
export function createCdnApp({ index, headersOf, root = '' }: CdnAppDeps) {
  /** Undefined when it was answered. */
  return async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Unanswered | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return 'method_not_allowed'
    const pathname = pathInApp(request.url, root)
    const isPage = pathname === '/' || (!isAssetPath(pathname) && isNavigation(headersIn(request)))
    if (!isPage) return 'not_found'
    const page = await index().catch(() => undefined)
    if (!page) return 'unavailable'
    sendDocument(request, response, page, headersOf(page.scripts))
    return undefined
  }
}
