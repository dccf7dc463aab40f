/**
 * The last `DPoP-Nonce` of each origin (RFC 9449 section 8.2), for one kind of peer. Bounded: the
 * origin that was heard of longest ago is forgotten first.
 */
export interface NonceMemory {
  /** The nonce to use for `url` with `key`: its own last one, else the last that the origin gave anybody. */
  get(url: string, key?: string): string | undefined
  /** Adopts a nonce, on whatever answer it came. `key` names the DPoP key that was used. */
  set(url: string, nonce: string, key?: string): void
}

/** @param limit entries kept, 5000 by default */
export function createNonceMemory(limit = 5_000): NonceMemory {
  const nonces = new Map<string, string>()
  const put = (slot: string, nonce: string) => {
    nonces.delete(slot)
    nonces.set(slot, nonce)
    if (nonces.size > limit) nonces.delete(nonces.keys().next().value as string)
  }
  return {
    get(url, key) {
      const origin = originOf(url)
      // Its own first: some servers bind nonces to keys, and a retry must use the nonce of its challenge.
      return (key === undefined ? undefined : nonces.get(`${origin} ${key}`)) ?? nonces.get(origin)
    },
    set(url, nonce, key) {
      const origin = originOf(url)
      put(origin, nonce)
      if (key !== undefined) put(`${origin} ${key}`, nonce)
    },
  }
}

function originOf(url: string): string {
  const pathStart = url.indexOf('/', url.indexOf('://') + 3)
  return pathStart < 0 ? url : url.slice(0, pathStart)
}
