/** Tells the benchmark where this process listens, and with which cookie it wants to be asked. */
export function reportPort(port: number, cookie?: string, storeBytes?: number): void {
  process.on('disconnect', () => process.exit())
  // An orderly end: a profile is written, a directory removed.
  process.on('SIGTERM', () => process.exit())
  process.send?.({ port, cookie, storeBytes })
}
