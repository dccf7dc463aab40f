import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const hasDemo = existsSync(join(root, 'app/(demo)'))

/** Status of a page of the app: where the demo was deleted, that of the page for unknown addresses. */
export function pageStatus(target: string): 200 | 404 {
  return hasDemo || target.startsWith('/icon.svg') || target.startsWith('/bff/') ? 200 : 404
}
