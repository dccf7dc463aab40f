import { parsePath } from './paths.ts'
import type { Report } from './report.ts'
import type { Settings } from './settings.ts'
import { parseOrigin } from './web-address.ts'

/** Origins in the browser's spelling, and page prefixes without trailing slash (`/` stays). */
export function spaSettings(
  given: {
    origins: readonly string[]
    protectedPages: readonly string[]
    pageMaxBody: number
  },
  report: Report,
): Settings['spa'] {
  const origins = given.origins.map((text, index) => {
    const origin = parseOrigin(text)
    if (!origin.ok) report.problem(`spa.origins[${index}]`, origin.problem, origin.fix)
    return origin.ok ? origin.value : ''
  })
  const protectedPages = given.protectedPages.map((text, index) => {
    const path = parsePath(text)
    if (!path.ok) report.problem(`spa.protectedPages[${index}]`, path.problem, path.fix)
    return path.ok ? path.value || '/' : '/'
  })
  return {
    origins: [...new Set(origins)],
    protectedPages: [...new Set(protectedPages)],
    pageMaxBodyBytes: given.pageMaxBody,
  }
}
