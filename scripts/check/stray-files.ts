import { execFileSync } from 'node:child_process'
import type { Finding, House } from './house.ts'

const kinds = /\.(md|ts|json)$/
const names = new Set(['LICENSE', '.env.example', '.gitignore', '.npmrc', 'Dockerfile'])
const picture = /^docs\/.*\.(png|jpe?g|gif|webp|avif|svg)$/

/**
 * Files that nobody needs: of an unknown kind at the root, where profilers and editors leave things behind,
 * and pictures that no page shows.
 */
export function checkStrayFiles(files: readonly string[], house: House): Finding[] {
  const pages = [...house].filter(([file]) => file.endsWith('.md')).map(([, text]) => text)
  const isShown = (file: string) => pages.some((text) => text.includes(file.replace('docs/', '')))
  return files.flatMap((file) => {
    if (!file.includes('/') && !names.has(file) && !kinds.test(file)) {
      return [{ file, line: 1, message: 'does not belong at the root: move, ignore or delete it' }]
    }
    return picture.test(file) && !isShown(file)
      ? [{ file, line: 1, message: 'is shown on no page: show it or delete it' }]
      : []
  })
}

/** What git tracks, or would track if everything were added. Nothing outside of a repository. */
export function trackedFiles(root: string): string[] {
  try {
    const options = [
      'ls-files',
      '-z',
      '--cached',
      '--others',
      '--exclude-standard',
      '--deduplicate',
    ]
    const out = execFileSync('git', options, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    return out.toString('utf8').split('\0').filter(Boolean)
  } catch {
    return []
  }
}
