import type { Log } from '../telemetry/log.ts'

/** What goes on after its answer has been sent: revocations. */
export interface BackgroundTasks {
  add(task: Promise<unknown>): void
  /** Kept when none is under way any more, or when the time is over. */
  settled(withinMs: number): Promise<void>
}

export function createBackgroundTasks(log: Pick<Log, 'event'>): BackgroundTasks {
  const tasks = new Set<Promise<unknown>>()
  return {
    add(task) {
      const settled = task
        .catch((cause: unknown) => {
          log.event('unexpected.error', { where: 'background', cause })
        })
        .finally(() => tasks.delete(settled))
      tasks.add(settled)
    },
    async settled(withinMs) {
      if (tasks.size === 0) return
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, withinMs)
      await Promise.race([Promise.all(tasks), late.promise])
      clearTimeout(timer)
    },
  }
}
