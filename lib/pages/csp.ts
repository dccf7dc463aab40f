export interface PageSurroundings {
  /** From `createNonce`, new for every answer. */
  readonly nonce: string
  /** The public origin is https. */
  readonly https: boolean
  readonly development: boolean
  /**
   * The provider's: where a silent sign-in leads its frame, and where a form leads that signs in or out.
   * Undefined while they are not known yet.
   */
  readonly providerOrigins:
    | { readonly signIn: readonly string[]; readonly signOut: readonly string[] }
    | undefined
}

/** A year. Over https only (RFC 6797 section 7.2). */
export const strictTransportSecurity = 'max-age=31536000'

/** 128 random bits for the scripts and styles of one page (CSP Level 3 section 8.1). */
export function createNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64')
}

/**
 * The policy of the app's pages: no script runs but ours and what ours load, no data goes to another
 * origin, nobody frames us. A hole in a page can then neither fetch a script nor send anything away.
 */
export function contentSecurityPolicy(surroundings: PageSurroundings): string {
  const { nonce, https, development, providerOrigins } = surroundings
  // In development React rebuilds server stacks with eval, and the error overlay brings inline styles.
  const evaluate = development ? " 'unsafe-eval'" : ''
  const styles = development ? "'unsafe-inline'" : `'nonce-${nonce}'`
  const { frames, forms } = sourcesOfProvider({ https, providerOrigins })
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${evaluate}`,
    `style-src 'self' ${styles}`,
    // No other host: the address of an image can carry away what a page knows.
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    `frame-src ${frames.join(' ')}`,
    "frame-ancestors 'none'",
    "object-src 'none'",
    "base-uri 'self'",
    // A form's redirects count too (CSP Level 3 section 4.2.5): to the provider, and back.
    `form-action ${forms.join(' ')}`,
    ...(https ? ['upgrade-insecure-requests'] : []),
  ].join('; ')
}

/** Where frames and forms of a page may lead: to this site, to the provider, and back. */
export function sourcesOfProvider({
  https,
  providerOrigins,
}: Pick<PageSurroundings, 'https' | 'providerOrigins'>) {
  // A frame that leaves for another origin (the silent sign-in, to the provider) is what frame-src is for.
  const anyProvider = https ? ['https:'] : ['https:', 'http://localhost:*', 'http://127.0.0.1:*']
  const { signIn, signOut } = providerOrigins ?? { signIn: anyProvider, signOut: [] }
  const frames = ["'self'", ...signIn]
  return { frames, forms: [...new Set([...frames, ...signOut])] }
}

/** The policy of a small page of ours: nothing but what stands in it, and one script at most. */
export function barePolicy(
  framedBy: 'nobody' | 'this site' | 'any site',
  nonce?: string,
): { 'content-security-policy': string } {
  const script = nonce === undefined ? [] : [`script-src 'nonce-${nonce}'`]
  const directives = [
    "default-src 'none'",
    ...script,
    "base-uri 'none'",
    ...frameAncestors[framedBy],
  ]
  return { 'content-security-policy': directives.join('; ') }
}

const frameAncestors = {
  nobody: ["frame-ancestors 'none'"],
  'this site': ["frame-ancestors 'self'"],
  'any site': [],
}

/** The security headers of the app's pages, the policy included. */
export function pageHeaders(
  surroundings: PageSurroundings,
): Record<string, string> & { 'content-security-policy': string } {
  return {
    'content-security-policy': contentSecurityPolicy(surroundings),
    ...plainPageHeaders(surroundings),
  }
}

/** Those that stand whatever the policy is. */
export function plainPageHeaders({ https }: Pick<PageSurroundings, 'https'>) {
  return {
    'referrer-policy': 'strict-origin-when-cross-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(https ? { 'strict-transport-security': strictTransportSecurity } : {}),
  }
}
