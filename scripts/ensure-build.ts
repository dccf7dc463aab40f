import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const own = join(import.meta.dirname, '..')

/** What the pages and the Next host are built from. */
const sources = [
  'app',
  'client',
  'lib',
  'bff.config.ts',
  'instrumentation.ts',
  'middleware.ts',
  'next.config.ts',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
]

/** Runs `next build` unless there is a build that is newer than every source. Throws when it fails. */
export async function ensureBuild(root = own): Promise<void> {
  const built = modified(join(root, '.next/BUILD_ID'))
  if (built > 0 && sources.every((source) => newest(join(root, source)) < built)) return
  console.log('Building the pages …')
  const started = performance.now()
  const next = join(root, 'node_modules/next/dist/bin/next')
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' } as const
  const child = spawn(process.execPath, [next, 'build'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`next build failed:\n${output}`)
  console.log(`Built in ${Math.round((performance.now() - started) / 1000)} s.`)
}

/** Epoch milliseconds of the latest change below a path; 0 when there is nothing. */
function newest(path: string): number {
  const own = modified(path)
  if (own === 0 || !statSync(path).isDirectory()) return own
  const inside = readdirSync(path).filter((name) => !name.endsWith('.test.ts'))
  return Math.max(0, ...inside.map((name) => newest(join(path, name))))
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
