import { createBoundedMap } from '../store/bounded-map.ts'

/**
 * The last `DPoP-Nonce` of each origin (RFC 9449 section 8.2), for one kind of peer. Bounded: what was
 * not asked for lately is forgotten first.
 */
export interface NonceMemory {
  /** The nonce to use for `url` with `key`: its own last one, else the last that the origin gave anybody. */
  get(url: string, key?: string): string | undefined
  /** Adopts a nonce, on whatever answer it came. `key` names the DPoP key that was used. */
  set(url: string, nonce: string, key?: string): void
}

/** @param maxBytes of origins and nonces that are kept: an API chooses how long its nonces are. */
export function createNonceMemory(maxBytes = 4 * 1024 * 1024): NonceMemory {
  const nonces = createBoundedMap<string>({
    maxWeight: maxBytes,
    weigh: (nonce, slot) => nonce.length + slot.length + 100,
  })
  return {
    get(url, key) {
      const origin = originOf(url)
      // Its own first: some servers bind nonces to keys, and a retry must use the nonce of its challenge.
      return (key === undefined ? undefined : nonces.get(`${origin} ${key}`)) ?? nonces.get(origin)
    },
    set(url, nonce, key) {
      const origin = originOf(url)
      nonces.set(origin, nonce)
      if (key !== undefined) nonces.set(`${origin} ${key}`, nonce)
    },
  }
}

function originOf(url: string): string {
  const pathStart = url.indexOf('/', url.indexOf('://') + 3)
  return pathStart < 0 ? url : url.slice(0, pathStart)
}
