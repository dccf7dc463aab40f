import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the tests need beyond npm. Paths of programs that start. */
export interface Tools {
  chromium: string
  redisServer: string
  nginx: string
  haproxy: string
  postgres: string
}

type Tool = keyof Tools

interface Facts {
  /** For people. */
  name: string
  /** Environment variable with its path. */
  variable: string
  /** What makes it say its version and end. */
  version: string
}

const facts: Record<Tool, Facts> = {
  chromium: { name: 'a Chromium', variable: 'CHROMIUM_PATH', version: '--version' },
  redisServer: { name: 'a Redis server', variable: 'REDIS_SERVER_PATH', version: '--version' },
  nginx: { name: 'nginx', variable: 'NGINX_PATH', version: '-v' },
  haproxy: { name: 'HAProxy', variable: 'HAPROXY_PATH', version: '-v' },
  postgres: { name: 'PostgreSQL', variable: 'POSTGRES_PATH', version: '--version' },
}

/** Servers that tests start by name. */
export const serverTools = ['redisServer', 'nginx', 'haproxy', 'postgres'] as const

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
      nginx: [...aptInstall, 'nginx-light'],
      haproxy: [...aptInstall, 'haproxy'],
      postgres: [...aptInstall, 'postgresql'],
    },
    root: true,
  },
  {
    needs: 'dnf',
    gives: {
      chromium: ['dnf', 'install', '-y', '-q', 'chromium'],
      redisServer: ['dnf', 'install', '-y', '-q', 'redis'],
      nginx: ['dnf', 'install', '-y', '-q', 'nginx'],
      haproxy: ['dnf', 'install', '-y', '-q', 'haproxy'],
      postgres: ['dnf', 'install', '-y', '-q', 'postgresql-server'],
    },
    root: true,
  },
  {
    needs: 'apk',
    gives: {
      chromium: ['apk', 'add', '-q', 'chromium', 'font-liberation'],
      redisServer: ['apk', 'add', '-q', 'redis'],
      nginx: ['apk', 'add', '-q', 'nginx'],
      haproxy: ['apk', 'add', '-q', 'haproxy'],
      postgres: ['apk', 'add', '-q', 'postgresql'],
    },
    root: true,
  },
  {
    needs: 'brew',
    gives: {
      redisServer: ['brew', 'install', '--quiet', 'redis'],
      nginx: ['brew', 'install', '--quiet', 'nginx'],
      haproxy: ['brew', 'install', '--quiet', 'haproxy'],
      postgres: ['brew', 'install', '--quiet', 'postgresql'],
    },
    root: false,
  },
  // Where the system has no Chromium package (or one that only points to a snap).
  { needs: 'apt-get', gives: { chromium: [...playwright, '--with-deps', 'chromium'] }, root: true },
  { needs: 'node', gives: { chromium: [...playwright, 'chromium'] }, root: false },
]

/**
 * Finds or installs the tools. Throws with the command that would help when one cannot be had.
 * `CHROMIUM_PATH`, `REDIS_SERVER_PATH`, `NGINX_PATH`, `HAPROXY_PATH` and `POSTGRES_PATH` go before everything else.
 */
export async function ensureTools(wanted: readonly Tool[]): Promise<Partial<Tools>> {
  const found: Partial<Tools> = {}
  for (const tool of wanted) found[tool] = (await find(tool)) ?? (await install(tool))
  return found
}

async function find(tool: Tool): Promise<string | undefined> {
  for (const candidate of await candidates(tool)) {
    const asked = [facts[tool].version]
    const { status } = spawnSync(candidate, asked, { stdio: 'ignore', timeout: 30_000 })
    if (status === 0) return candidate
  }
  return undefined
}

async function candidates(tool: Tool): Promise<string[]> {
  const chosen = process.env[facts[tool].variable]
  if (tool === 'redisServer') return present([chosen, onPath('redis-server')])
  // Debian keeps it off everybody's PATH, by version.
  if (tool === 'postgres') {
    const versions = globSync('/usr/lib/postgresql/*/bin/postgres').sort().reverse()
    return present([chosen, onPath('postgres'), ...versions])
  }
  // Where not everybody has it on the PATH.
  if (tool !== 'chromium') return present([chosen, onPath(tool), `/usr/sbin/${tool}`])
  const { chromium } = await import('playwright')
  return present([
    chosen,
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
    console.log(`Installing ${facts[tool].name}: ${command.join(' ')}`)
    if (before) execute([...prefix, ...before])
    execute([...prefix, ...command])
    const path = await find(tool)
    if (path) return path
    tried.push(command.join(' '))
  }
  const { name, variable } = facts[tool]
  throw new Error(
    `The tests need ${name}, and it could not be installed here.\n` +
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
    console.log(await ensureTools(['chromium', ...serverTools]))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
