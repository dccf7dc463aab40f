import { z } from 'zod'
import { parsePath } from './paths.ts'
import type { Report } from './report.ts'
import { byteSize, textList } from './schema-leaf.ts'
import { parseOrigin } from './web-address.ts'

export const spa = z.strictObject({
  /**
   * Other origins that the app is served from, such as `https://app.example.com`. They get CORS headers
   * and may be returned to after sign-in. Each one is trusted as much as the public origin itself.
   */
  origins: textList().prefault([]),
  /**
   * Page prefixes, such as `/account`, that send an anonymous visitor to sign-in. A convenience for
   * people: data is protected by the engine, whatever is listed here.
   */
  protectedPages: textList().prefault([]),
  /**
   * Size of a body that a page may be sent by POST (server actions), and the app's own route handlers by
   * any method; a larger one is 413. It has to arrive within 20 seconds, since anybody may send one.
   */
  pageMaxBody: byteSize().prefault('1MB'),
})

type Given = z.output<typeof spa>

export interface SpaSettings extends Readonly<Omit<Given, 'pageMaxBody'>> {
  readonly pageMaxBodyBytes: number
}

/** Origins in the browser's spelling, and page prefixes without trailing slash (`/` stays). */
export function spaSettings({ pageMaxBody, ...rest }: Given, report: Report): SpaSettings {
  const origins = rest.origins.map((text, index) => {
    const origin = parseOrigin(text)
    if (!origin.ok) report.problem(`spa.origins[${index}]`, origin.problem, origin.fix)
    return origin.ok ? origin.value : ''
  })
  const protectedPages = rest.protectedPages.map((text, index) => {
    const path = parsePath(text)
    if (!path.ok) report.problem(`spa.protectedPages[${index}]`, path.problem, path.fix)
    return path.ok ? path.value || '/' : '/'
  })
  return {
    ...rest,
    origins: [...new Set(origins)],
    protectedPages: [...new Set(protectedPages)],
    pageMaxBodyBytes: pageMaxBody,
  }
}
