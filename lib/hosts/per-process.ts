/**
 * What a process has once. Next's bundles give the routes, the middleware and the boot file each their own copy of
 * a module, so it hangs on `globalThis`, under a symbol that all copies share.
 */
export interface PerProcess<T> {
  /** Undefined until somebody made it. */
  get(): T | undefined
  /** The one there is, else a new one. */
  getOrMake(make: () => T): T
}

export function perProcess<T>(name: string): PerProcess<T> {
  const slot = Symbol.for(`cloakroom.${name}`)
  const shared = globalThis as { [slot: symbol]: T | undefined }
  return {
    get: () => shared[slot],
    getOrMake(make) {
      const it = shared[slot] ?? make()
      shared[slot] = it
      return it
    },
  }
}
