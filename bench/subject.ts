/**
 * Tells the benchmark where this process listens, with which cookie it wants to be asked, and, when
 * asked, how much processor time it has used.
 */
export function reportCpu(port: number, cookie?: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuMicroseconds: user + system })
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ port, cookie })
}
