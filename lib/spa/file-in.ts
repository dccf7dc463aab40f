import { realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/**
 * Where a file of a folder really lies; undefined when there is none. Links are followed, since a release may be one,
 * but not out of the folder and not to a dot file: what a build has linked to would be told to everybody.
 */
export async function fileIn(root: string, path: string): Promise<string | undefined> {
  try {
    const [folder, file] = await Promise.all([realpath(root), realpath(join(root, path))])
    const segments = relative(folder, file).split(sep)
    // Mounted configuration lies in folders such as `..2026_11_27`.
    const isOutside = segments[0] === '..' || relative(folder, file).startsWith(sep)
    const isHidden = segments.some((it) => /^\.(?!\.|well-known$)/.test(it))
    if (isOutside || isHidden) return undefined
    return (await stat(file)).isFile() ? file : undefined
  } catch {
    return undefined
  }
}
