/** Of what is made for one browser: kept by nobody, and by no cache given to another. */
export const uncached = { 'cache-control': 'private, no-store', vary: 'Cookie' } as const
