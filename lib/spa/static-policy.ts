import type { Csp } from '../config/csp-sources.ts'
import { type PageSurroundings, sourcesOfProvider } from '../pages/csp.ts'

export interface StaticPolicyOptions extends Pick<PageSurroundings, 'https' | 'providerOrigins'> {
  readonly csp: Csp
  /** Sources of the inline scripts that belong to the page: `'sha256-…'`. */
  readonly scripts: readonly string[]
  /** Where the files of the app lie, when not here. */
  readonly cdn?: string
}

/**
 * The policy of a page that was built once and is the same for everybody, so that it can have no nonce. What it
 * brought along runs; what was put into it later does not. Undefined when none is wanted.
 */
export function staticPolicy(options: StaticPolicyOptions): string | undefined {
  const { csp, scripts, https } = options
  if (csp === 'off') return undefined
  const { frames, forms } = sourcesOfProvider(options)
  const self = options.cdn === undefined ? ["'self'"] : ["'self'", options.cdn]
  const directives: Record<string, readonly string[]> = {
    'default-src': ["'self'"],
    'script-src': [...self, ...scripts],
    // Frameworks put the styles of components into the page as they go (Angular, Vue, Emotion).
    'style-src': [...self, "'unsafe-inline'"],
    'img-src': [...self, 'data:', 'blob:'],
    'font-src': [...self, 'data:'],
    'connect-src': [...self],
    'worker-src': ["'self'", 'blob:'],
    'frame-src': frames,
    'frame-ancestors': ["'none'"],
    'object-src': ["'none'"],
    'base-uri': ["'self'"],
    'form-action': forms,
  }
  for (const [name, sources] of Object.entries(csp === 'default' ? {} : csp)) {
    directives[name] = merged(directives[name] ?? directives['default-src'] ?? [], sources)
  }
  const lines = Object.entries(directives).map(([name, sources]) => [name, ...sources].join(' '))
  return [...lines, ...(https ? ['upgrade-insecure-requests'] : [])].join('; ')
}

/** `'none'` stands alone or counts for nothing (CSP Level 3 section 2.3.1). */
function merged(own: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...own.filter((each) => each !== "'none'"), ...more])]
}
