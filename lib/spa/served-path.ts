import { decodedPath } from '../http/decoded-path.ts'

/** What a browser loads to show a page with. Names of people and hosts in paths end otherwise, mostly. */
const assetEndings = new Set([
  ...['js', 'mjs', 'cjs', 'css', 'map', 'json', 'webmanifest', 'wasm', 'xml', 'txt', 'pdf', 'zip'],
  ...['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico', 'mp3', 'mp4', 'webm', 'ogg'],
  ...['woff', 'woff2', 'ttf', 'otf', 'eot', 'br', 'gz'],
])

/** The path of a request within the app; `root`: where the app lies, without a trailing slash. */
export function pathInApp(url: string | undefined, root = ''): string {
  const [path = '/'] = (url ?? '/').split('?', 1)
  return path.slice(root.length) || '/'
}

/** The path of a request as names of files; undefined for one that can be no file's. */
export function filePath(pathname: string): string | undefined {
  const path = decodedPath(pathname)
  const segments = path.split('/')
  // Dot files are not the app's: `.env`, `.git`. What RFC 8615 has put below `.well-known` is.
  const isHidden = segments.some((each) => each.startsWith('.') && each !== '.well-known')
  return isHidden || /[\0\\]/.test(path) ? undefined : path
}

/** Whether nothing but a file can be meant: it is 404 when it is not there, for a navigation too. */
export function isAssetPath(pathname: string): boolean {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot > 0 && assetEndings.has(name.slice(dot + 1).toLowerCase())
}

/**
 * Whether a name tells by a hash in it that its content never changes: `index-BxK3j9aQ.js` (Vite), `main-7YQKUHZ4.js`
 * (Angular), `main.3f2a1b9c.js` (webpack). Sizes, versions and words are none: what is wrongly taken for one stays in
 * browsers for a year, and what is not is asked for again.
 */
export function isHashed(pathname: string): boolean {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1)
  const [, part = '', ending = ''] = /[.-]([\w-]{8,40})((?:\.[a-z0-9]+)+)$/i.exec(name) ?? []
  if (/^(?=.*\d)(?=.*[a-f])[\da-f]{8,40}$/.test(part)) return true
  const [, hash = ''] = /(?:^|-)([\w-]{8})$/.exec(part) ?? []
  const [hasCapital, hasSmall, hasDigit] = [/[A-Z]/, /[a-z]/, /\d/].map((it) => it.test(hash))
  if (/\.(?:[cm]?js|css)(?:\.|$)/i.test(ending)) {
    const isMixed =
      (hasSmall && /[A-Z]/.test(hash.slice(1))) || (hasSmall && hasCapital && hasDigit)
    return isMixed || /^[A-Z\d]*[A-Z][A-Z\d]*$/.test(hash)
  }
  return Boolean(hasCapital && hasSmall && hasDigit) && !/^[A-Z][a-z]+\d+$/.test(hash)
}
