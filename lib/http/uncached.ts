/** No cache keeps it, neither a shared one nor the browser's (RFC 9111 section 5.2.2). */
export const privateNoStore = 'private, no-store'

/** Of what is made for one browser: kept by nobody, and by no cache given to another. */
export const uncached = { 'cache-control': privateNoStore, vary: 'Cookie' } as const
