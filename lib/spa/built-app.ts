import type { IncomingMessage, ServerResponse } from 'node:http'
import { isNavigation } from '../http/navigation.ts'
import { createDocuments, type Document } from './documents.ts'
import { fileIn } from './file-in.ts'
import { headersIn, sendDocument } from './send-document.ts'
import { filePath, isAssetPath, pathInApp } from './served-path.ts'
import { createStaticFiles } from './static-files.ts'

export interface BuiltAppDeps {
  /** Absolute path of the folder. */
  readonly dir: string
  /** Path of the app on its origin, without a trailing slash. @default '' */
  readonly root?: string
  /** Headers of a page, by the sources of its inline scripts. */
  readonly headersOf: (scripts: readonly string[]) => Readonly<Record<string, string>>
}

/** What an app's request came to, when it was not answered. */
export type Unanswered = 'not_found' | 'method_not_allowed' | 'unavailable'

/**
 * The built files of a single-page app. A page for whoever navigates, `index.html` where the path is none of a file; never
 * for a script's fetch, for what only a file can be, or for anything but GET and HEAD.
 */
export function createBuiltApp({ dir, root, headersOf }: BuiltAppDeps) {
  const documentOf = createDocuments()
  const serveFile = createStaticFiles(dir)

  async function documentIn(name: string): Promise<Document | undefined> {
    const file = await fileIn(dir, name)
    return file === undefined ? undefined : documentOf(file)
  }

  /** The page of a path: the file itself, that of a folder, or the one that stands for all. */
  async function pageOf(path: string, isPage: boolean): Promise<Document | undefined> {
    const names = path.endsWith('/')
      ? [`${path}index.html`]
      : [path, `${path}/index.html`, `${path}.html`]
    for (const name of names) {
      const found = name.endsWith('.html') ? await documentIn(name) : undefined
      if (found) return found
    }
    return isPage ? documentIn('/index.html') : undefined
  }

  /** Undefined when it was answered. */
  return async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Unanswered | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return 'method_not_allowed'
    const pathname = pathInApp(request.url, root)
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
