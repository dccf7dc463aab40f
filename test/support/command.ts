import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { assertNoSecrets } from './no-secrets.ts'

const main = join(import.meta.dirname, '../../lib/command/main.ts')

/** The folder of an app. */
export interface AppFolder {
  readonly path: string
  write(file: string, text: string): void
  remove(): void
}

export function appFolder(files: Readonly<Record<string, string>> = {}): AppFolder {
  const path = mkdtempSync(join(tmpdir(), 'cloakroom-app-'))
  const write = (file: string, text: string) => writeFileSync(join(path, file), text)
  for (const [file, text] of Object.entries(files)) write(file, text)
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A program of the command that runs, or has run. */
export interface RunningCommand {
  /** `http://127.0.0.1:<PORT>` */
  readonly origin: string
  stdout(): string
  stderr(): string
  kill(signal?: NodeJS.Signals): void
  ended(): Promise<{ code: number | null; stdout: string; stderr: string }>
}

export interface CommandOptions {
  readonly cwd: string
  /** Beside PATH, PORT and HOST; nothing else of this process is passed on. */
  readonly env?: Readonly<Record<string, string>>
}

/** `cloakroom <args>` in a folder, as a process of its own. */
export async function startCommand(
  args: readonly string[],
  { cwd, env = {} }: CommandOptions,
): Promise<RunningCommand> {
  const port = env.PORT ?? String(await freePort())
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: port, ...env },
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk
    })
  }
  const closed = once(child, 'close')
  return {
    origin: `http://127.0.0.1:${port}`,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    async ended() {
      await closed
      const secrets = Object.entries(env).flatMap(([name, value]) =>
        name.includes('SECRET') ? [value] : [],
      )
      assertNoSecrets(`${texts.stdout}${texts.stderr}`, secrets)
      return { code: child.exitCode, ...texts }
    },
  }
}

/** As `startCommand`, to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions) {
  return (await startCommand(args, options)).ended()
}

/** Resolves when it serves; rejects with what it said when it ended instead. */
export async function whenLive(running: RunningCommand, basePath = '/bff'): Promise<void> {
  let over = false
  const deadline = Date.now() + 20_000
  void running.ended().then(() => {
    over = true
  })
  for (;;) {
    const answer = await fetch(`${running.origin}${basePath}/health/live`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    if (over || Date.now() > deadline) {
      throw new Error(
        `it ${over ? 'ended' : 'is not live'}:\n${running.stdout()}${running.stderr()}`,
      )
    }
    await sleep(50)
  }
}
