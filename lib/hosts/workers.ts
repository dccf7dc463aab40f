import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/define-config.ts'
import { workerEnvironment } from '../config/listen.ts'
import { loadSettings } from '../config/load-settings.ts'
import { createPinoLog } from '../telemetry/pino-log.ts'
import { onceOrphaned } from './stop-signals.ts'

/** A worker that lives shorter than this did not come up at all. */
const comeUpMs = 5000
const maxPauseMs = 30_000

/**
 * With `BFF_WORKERS` above 1, and in the first process: runs that many copies of the program, which share
 * the port (node:cluster), and starts another one when one ends. Resolves with an exit code when all have
 * ended after a signal. Undefined in a worker, and with one process: the caller serves by itself.
 */
export async function superviseWorkers(config: Config): Promise<number | undefined> {
  if (!cluster.isPrimary) return undefined
  const loaded = loadSettings({ config })
  // What is wrong with the settings is told by the caller, as always.
  if (!loaded.ok || loaded.settings.workers === 1) return undefined
  const log = createPinoLog({ level: loaded.settings.logLevel })
  let stopping = false
  let failures = 0

  const end = (signal: NodeJS.Signals) => {
    stopping = true
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGHUP')
  })
  onceOrphaned(() => end('SIGTERM'))

  async function keepRunning(number: number): Promise<number> {
    for (;;) {
      const startedAt = performance.now()
      const { pid, code, signal } = await ended(cluster.fork(workerEnvironment(number)))
      // By our signal: it had not come up yet.
      if (stopping) return code ?? (signal === 'SIGTERM' || signal === 'SIGINT' ? 0 : 1)
      failures = performance.now() - startedAt < comeUpMs ? failures + 1 : 0
      // None has ever come up: a port that is taken, a build that is missing. Somebody has to look.
      if (failures > 3 * (loaded.ok ? loaded.settings.workers : 1)) {
        end('SIGTERM')
        return 1
      }
      const restartInMs = failures === 0 ? 0 : Math.min(maxPauseMs, 250 * 2 ** failures)
      log.event('worker.ended', { pid, code, signal, restartInMs })
      await sleep(restartInMs)
      if (stopping) return 0
    }
  }
  const codes = await Promise.all(
    Array.from({ length: loaded.settings.workers }, (_, i) => keepRunning(i)),
  )
  return Math.max(...codes)
}

function ended(worker: Worker) {
  return new Promise<{ pid: number; code: number | null; signal: string | null }>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve({ pid: worker.process.pid ?? 0, code, signal })
    })
  })
}
