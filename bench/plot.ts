/** `node bench/plot.ts`: draws docs/performance.svg from docs/performance.json. */
import { readFileSync, writeFileSync } from 'node:fs'

interface Report {
  date: string
  node: string
  processor: string
  results: { subjects: { subject: string; 'requests/s': number; 'CPU µs/request': number }[] }
}

const width = 760
const rowHeight = 34
const labelWidth = 190
const barWidth = 430

function drawPerformance({ date, node, processor, results }: Report): string {
  const rows = results.subjects
  const most = Math.max(...rows.map((row) => row['requests/s']))
  const height = 70 + rows.length * rowHeight
  const bars = rows.map((row, i) => {
    const y = 52 + i * rowHeight
    const length = Math.max(2, Math.round((row['requests/s'] / most) * barWidth))
    const figures = `${row['requests/s'].toLocaleString('en')}/s, ${Math.round(row['CPU µs/request'])} µs`
    return [
      `<text x="${labelWidth}" y="${y + 16}" text-anchor="end">${row.subject}</text>`,
      `<rect x="${labelWidth + 10}" y="${y}" width="${length}" height="22" rx="3" fill="${i === 0 ? '#8a93a0' : '#3b6fd4'}"/>`,
      `<text x="${labelWidth + 18 + length}" y="${y + 16}">${figures}</text>`,
    ].join('\n')
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img">`,
    '<title>Requests a second of each subject</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    '<g fill="#1c2430">',
    '<text x="20" y="28" font-size="15" font-weight="600">Requests a second, and processor time of each (one process)</text>',
    ...bars,
    `<text x="20" y="${height - 8}" font-size="11" fill="#5a6472">${date}, Node ${node}, ${processor.replace(/[<&>]/g, ' ')}</text>`,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

const docs = new URL('../docs/', import.meta.url)
const report = JSON.parse(readFileSync(new URL('performance.json', docs), 'utf8')) as Report
writeFileSync(new URL('performance.svg', docs), drawPerformance(report))
