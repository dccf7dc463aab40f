import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the tests need beyond npm. Paths of programs that start. */
export interface Tools {
  chromium: string
  redisServer: string
}

type Tool = keyof Tools

const names: Record<Tool, string> = { chromium: 'a Chromium', redisServer: 'a Redis server' }

/** Ways to get a tool, tried in this order. None of them asks a question. */
interface Installer {
  /** Program that has to be on the PATH. */
  needs: string
  gives: Partial<Record<Tool, string[]>>
  before?: string[]
  root: boolean
}

// Another apt may be at work (a machine that was just started): it is waited for.
const apt = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', '-qq']
const aptInstall = [...apt, 'install', '-y']
const playwright = ['node', 'node_modules/playwright/cli.js', 'install']

const installers: readonly Installer[] = [
  {
    needs: 'apt-get',
    before: [...apt, 'update'],
    gives: {
      chromium: [...aptInstall, 'chromium', 'fonts-liberation'],
      redisServer: [...aptInstall, 'redis-server'],
    },
    root: true,
  },
  {
    needs: 'dnf',
    gives: {
      chromium: ['dnf', 'install', '-y', '-q', 'chromium'],
      redisServer: ['dnf', 'install', '-y', '-q', 'redis'],
    },
    root: true,
  },
  {
    needs: 'apk',
    gives: {
      chromium: ['apk', 'add', '-q', 'chromium', 'font-liberation'],
      redisServer: ['apk', 'add', '-q', 'redis'],
    },
    root: true,
  },
  { needs: 'brew', gives: { redisServer: ['brew', 'install', '--quiet', 'redis'] }, root: false },
  // Where the system has no Chromium package (or one that only points to a snap).
  { needs: 'apt-get', gives: { chromium: [...playwright, '--with-deps', 'chromium'] }, root: true },
  { needs: 'node', gives: { chromium: [...playwright, 'chromium'] }, root: false },
]

/**
 * Finds or installs the tools. Throws with the command that would help when one cannot be had.
 * `CHROMIUM_PATH` and `REDIS_SERVER_PATH` go before everything else.
 */
export async function ensureTools(wanted: readonly Tool[]): Promise<Partial<Tools>> {
  const found: Partial<Tools> = {}
  for (const tool of wanted) found[tool] = (await find(tool)) ?? (await install(tool))
  return found
}

async function find(tool: Tool): Promise<string | undefined> {
  for (const candidate of await candidates(tool)) {
    if (spawnSync(candidate, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0) {
      return candidate
    }
  }
  return undefined
}

async function candidates(tool: Tool): Promise<string[]> {
  const { CHROMIUM_PATH, REDIS_SERVER_PATH } = process.env
  if (tool === 'redisServer') return present([REDIS_SERVER_PATH, onPath('redis-server')])
  const { chromium } = await import('playwright')
  return present([
    CHROMIUM_PATH,
    onPath('chromium'),
    onPath('chromium-browser'),
    onPath('google-chrome'),
    onPath('google-chrome-stable'),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    chromium.executablePath(),
  ])
}

async function install(tool: Tool): Promise<string> {
  const tried: string[] = []
  for (const { needs, gives, before, root } of installers) {
    const command = gives[tool]
    if (!command || !onPath(needs)) continue
    const prefix = root ? asRoot() : []
    if (!prefix) {
      tried.push(`sudo ${command.join(' ')}`)
      continue
    }
    console.log(`Installing ${names[tool]}: ${command.join(' ')}`)
    if (before) execute([...prefix, ...before])
    execute([...prefix, ...command])
    const path = await find(tool)
    if (path) return path
    tried.push(command.join(' '))
  }
  const variable = tool === 'chromium' ? 'CHROMIUM_PATH' : 'REDIS_SERVER_PATH'
  throw new Error(
    `The tests need ${names[tool]}, and it could not be installed here.\n` +
      tried.map((command) => `  Tried or needed: ${command}\n`).join('') +
      `  Install it yourself, or set ${variable} to the program, and run the tests again.`,
  )
}

function execute([program = '', ...args]: string[]): void {
  const options = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', HOMEBREW_NO_AUTO_UPDATE: '1' }
  const env = { ...process.env, ...options }
  spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
}

/** What to put before a command to run it as root; undefined when that would need a password. */
function asRoot(): string[] | undefined {
  if (process.getuid?.() === 0) return []
  const allowed =
    onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
  // `env` keeps what sudo would drop.
  return allowed ? ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'] : undefined
}

function onPath(program: string): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter)
  return directories.map((directory) => join(directory, program)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function present(paths: (string | undefined)[]): string[] {
  return paths.filter((path) => path !== undefined && path !== '' && existsSync(path)) as string[]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    console.log(await ensureTools(['chromium', 'redisServer']))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
