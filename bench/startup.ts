import { existsSync } from 'node:fs'
import { median, type Row, rounded } from './measure.ts'
import { start, startProduct, stop, untilAnswered } from './processes.ts'

/** From the start of the process to the first answer of an API that came through. */
export async function measureStartup(): Promise<Row[]> {
  const upstream = await start('./upstream.ts')
  const origin = `http://127.0.0.1:${upstream.port}`
  const rows: Row[] = []
  const engine = async () => {
    const started = performance.now()
    const running = await start('./server.ts', { BENCH_UPSTREAM: origin, NODE_ENV: 'production' })
    await untilAnswered(running.process, running.port, running.cookie ?? '')
    return { process: running.process, startMs: performance.now() - started }
  }
  const kinds: [string, () => ReturnType<typeof engine>][] = [['the engine without Next', engine]]
  if (existsSync('.next/BUILD_ID')) {
    kinds.push(['server.ts, with Next', () => startProduct('node', origin)])
  } else console.log('server.ts needs `npm run build`: left out')
  for (const [subject, begin] of kinds) {
    const times: number[] = []
    for (let i = 0; i < 5; i += 1) {
      const { process, startMs } = await begin()
      times.push(startMs)
      await stop(process)
    }
    rows.push({
      subject,
      'median ms': Math.round(median(times)),
      'best ms': rounded(Math.min(...times), 0),
    })
  }
  await stop(upstream.process)
  return rows
}
