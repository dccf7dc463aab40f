/** What a process tells the benchmark of itself besides its port. */
export interface Report {
  /** With which it wants to be asked. */
  readonly cookie?: string
  /** Tickets that nobody has shown it yet. */
  readonly newcomers?: readonly string[]
  /** Size of the store's files. */
  readonly storeBytes?: number
}

export function reportPort(port: number, report: Report = {}): void {
  process.on('disconnect', () => process.exit())
  // An orderly end: a profile is written, a directory removed.
  process.on('SIGTERM', () => process.exit())
  process.send?.({ port, ...report })
}
