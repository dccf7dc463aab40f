import { execFileSync } from 'node:child_process'
import type { LoadOrder, LoadResult } from './load.ts'

/** The same load made by wrk, for those who trust a known tool more. */
export function runWrk(url: URL, order: LoadOrder): LoadResult {
  const headers = (order.requests[0] ?? '').trim().split('\r\n').slice(2)
  const output = execFileSync(
    'wrk',
    [
      ...['-t', '1', '-c', String(order.connections), '--latency'],
      ...['-d', `${Math.max(1, Math.round(order.milliseconds / 1000))}s`],
      ...headers.flatMap((header) => ['-H', header]),
      url.href,
    ],
    { encoding: 'utf8' },
  )
  const [, requests = '0', seconds = '1', unit = 's'] =
    /(\d+) requests in ([\d.]+)(m?s)/.exec(output) ?? []
  return {
    requests: Number(requests),
    milliseconds: Number(seconds) * (unit === 's' ? 1000 : 1),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0),
    p50Microseconds: latency(output, 50),
    p99Microseconds: latency(output, 99),
  }
}

function latency(output: string, percent: number): number {
  const [, amount = '0', unit = 'us'] =
    new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? []
  return Number(amount) * { us: 1, ms: 1000, s: 1_000_000 }[unit as 'us' | 'ms' | 's']
}
