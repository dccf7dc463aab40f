import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface ToolResult {
  readonly ok: boolean
  readonly output: string
}

/** Runs a script of a package with this Node, and keeps what it prints. */
export async function runTool(root: string, script: string, args: string[]): Promise<ToolResult> {
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { ok: code === 0, output: output.trim() }
}
