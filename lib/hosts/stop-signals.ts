import { processEnvironment } from '../config/env.ts'
import type { Log } from '../telemetry/log.ts'

const signals = ['SIGTERM', 'SIGINT'] as const

/**
 * One signal often comes by several ways: from systemd or a terminal to all processes at once, and besides from
 * npm, and from the first process to its workers. What comes within this time is the same one.
 */
const sameSignalMs = 500

/** Kept with the name of the signal that tells this process to stop. None of them ends it by itself any more. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, resolve)
    onceOrphaned(() => resolve('SIGTERM'))
  })
}

/**
 * npm runs a script by a shell, and passes a signal to that shell, which ends and tells nobody. So the end of whoever
 * started us is the signal.
 */
export function onceOrphaned(stop: () => void): void {
  if (processEnvironment().npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, 250)
  timer.unref()
}

/** Once the signal has come: kept when there is another one, from somebody who does not want to wait. */
export function anotherSignal(): Promise<void> {
  const from = performance.now()
  return new Promise((resolve) => {
    const onSignal = () => {
      if (performance.now() - from >= sameSignalMs) resolve()
    }
    for (const signal of signals) process.on(signal, onSignal)
  })
}

/** SIGHUP, which would end the process, has it read its configuration. One after another; what fails is told. */
export function onHangUp(reload: () => Promise<void>, log: Log): void {
  let last = Promise.resolve()
  process.on('SIGHUP', () => {
    last = last.then(reload).catch((cause: unknown) => {
      const problem = cause instanceof Error ? cause.message : String(cause)
      log.event('config.reload_refused', { problems: [problem] })
    })
  })
}
