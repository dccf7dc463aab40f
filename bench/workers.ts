import { readdirSync, readFileSync } from 'node:fs'
import { median, type Row, rounded } from './measure.ts'
import { startNginx } from './nginx.ts'
import { runLoad, startLoad, startProduct, stop } from './processes.ts'
import { browserRequest, placeOf } from './request.ts'

const rounds = 5

/** `BFF_WORKERS=2` beside one process, on all cores of the machine, which the API and the load share. */
export async function measureWorkers(): Promise<Row[]> {
  const upstream = await startNginx()
  const load = startLoad()
  const rows: Row[] = []
  const subjects = []
  for (const workers of [1, 2]) {
    const product = await startProduct('node', `http://127.0.0.1:${upstream.port}`, {
      BFF_WORKERS: `${workers}`,
    })
    subjects.push({ workers, product, perSecond: [] as number[], cpu: [] as number[] })
  }
  for (let round = -1; round < rounds; round += 1) {
    for (const { product, perSecond, cpu } of subjects) {
      const { url, cookie } = placeOf(product.port, product.cookie)
      const before = cpuOfAll(product.process.pid)
      const { requests, milliseconds } = await runLoad(load, {
        ...{ host: url.hostname, port: product.port, connections: 64, milliseconds: 2000 },
        requests: [browserRequest({ url, cookie })],
      })
      if (round < 0) continue
      perSecond.push((requests / milliseconds) * 1000)
      cpu.push((cpuOfAll(product.process.pid) - before) / requests)
    }
  }
  for (const { workers, product, perSecond, cpu } of subjects) {
    rows.push({
      subject: `BFF_WORKERS=${workers}`,
      'calls/s': rounded(median(perSecond), 0),
      'CPU µs/call': rounded(median(cpu), 1),
    })
    await stop(product.process)
  }
  await stop(load)
  await stop(upstream.process)
  return rows
}

/** Microseconds of processor time of a process and of those that it has started. */
function cpuOfAll(pid: number | undefined): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')
        const isOurs = Number(name) === pid || Number(fields[1]) === pid
        return isOurs ? sum + (Number(fields[11]) + Number(fields[12])) * 10_000 : sum
      } catch {
        return sum
      }
    }, 0)
}
