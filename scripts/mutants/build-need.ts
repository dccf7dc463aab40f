import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Whether a test starts Cloakroom as a process, and so needs built pages. `fresh`: on the Next host, where the
 * build holds the engine as well; `any`: on the Node host, which loads the engine as it is.
 */
export type BuildNeed = 'none' | 'any' | 'fresh'

export function buildNeed(root: string, file: string): BuildNeed {
  const seen = new Set<string>()
  let need: BuildNeed = 'none'
  const visit = (path: string) => {
    if (seen.has(path) || !path.startsWith(join(root, 'test/')) || !existsSync(path)) return
    seen.add(path)
    const text = readFileSync(path, 'utf8')
    const starts = !path.endsWith('/start-cloakroom.ts')
    if (starts && /\bhosts?\b.*'next'/.test(text)) need = 'fresh'
    if (starts && need === 'none' && /\bstartCloakroom\(/.test(text)) need = 'any'
    for (const [, specifier = ''] of text.matchAll(/ from '(\.[^']+)'/g)) {
      visit(join(dirname(path), specifier))
    }
  }
  visit(join(root, file))
  return need
}
