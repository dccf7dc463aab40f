import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type AppKind, appKindOf } from './init/app-folder.ts'
import { type StarterFiles, starterFiles } from './init/starter-files.ts'
import { parseOptions } from './options.ts'
import { type Command, UsageError } from './terminal.ts'

/** Writes what an app lacks to be served by Cloakroom; what is there stays as it is. */
export const init: Command = async (args, { cwd, out }) => {
  const { 'dry-run': dryRun = false } = parseOptions(args, { 'dry-run': { type: 'boolean' } })
  const kind = appKindOf(cwd)
  const secret = randomBytes(32).toString('base64url')
  const files = starterFiles(kind, dryRun ? '<a new secret>' : secret)
  const written = dryRun ? 'would write' : 'wrote'
  for (const [file, text] of files) {
    const there = twinOf(cwd, file)
    if (there !== undefined) out(`left  ${there}, which is there`)
    else {
      if (!dryRun) write(cwd, file, text)
      out(`${written} ${file}`)
    }
  }
  if (!ignoresEnv(cwd)) {
    if (!dryRun) addToIgnored(cwd)
    out(`${written} .env into .gitignore`)
  }
  for (const line of ['', ...nextSteps(kind, cwd, files)]) out(line)
  return 0
}

/** `bff.config.mjs` where `bff.config.ts` would be written: one is enough. */
function twinOf(folder: string, file: string): string | undefined {
  const base = file.replace(/\.m?[tj]s$/, '')
  const endings =
    base === file
      ? ['']
      : ['.ts', '.mts', '.tsx', '.js', '.mjs', ...(base === 'bff.config' ? ['.json'] : [])]
  return endings.map((ending) => base + ending).find((each) => existsSync(join(folder, each)))
}

function write(folder: string, file: string, text: string): void {
  const path = join(folder, file)
  try {
    mkdirSync(dirname(path), { recursive: true })
    // A secret is nobody else's to read. `wx`: never over what somebody has put there meanwhile.
    writeFileSync(path, text, { flag: 'wx', mode: file === '.env' ? 0o600 : 0o666 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UsageError(`${path} cannot be written (${code}): check who may write there`, 1)
  }
}

const ignored = '.gitignore'

/** By a line here, or above in the same repository. Where there is no such file yet there will be one. */
function ignoresEnv(folder: string, isHere = true): boolean {
  const file = join(folder, ignored)
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : []
  // A line that begins with a slash is about the folder of its file only.
  const line = isHere ? /^\/?\.env\*?\s*$/ : /^\.env\*?\s*$/
  if (lines.some((it) => line.test(it))) return true
  const above = dirname(folder)
  if (existsSync(join(folder, '.git')) || above === folder) return false
  return isInRepository(above) && ignoresEnv(above, false)
}

function isInRepository(folder: string): boolean {
  const above = dirname(folder)
  return existsSync(join(folder, '.git')) || (above !== folder && isInRepository(above))
}

function addToIgnored(folder: string): void {
  const file = join(folder, ignored)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const newLine = text.includes('\r\n') ? '\r\n' : '\n'
  const gap = text === '' || text.endsWith('\n') ? '' : newLine
  writeFileSync(file, `${text}${gap}.env${newLine}`)
}

function nextSteps(
  { framework, source, spa }: AppKind,
  cwd: string,
  files: StarterFiles,
): string[] {
  const origin = 'http://localhost:3000'
  const register = [
    'Register a confidential client at your provider, and put its id and secret into .env:',
    `  redirect URI              ${origin}/bff/callback`,
    `  post-logout redirect URI  ${origin}/bff/logout-callback`,
    '',
  ]
  if (framework !== 'next') {
    const develop = spa.devServer
      ? [
          'In development, beside the server of your app:',
          '  NODE_ENV=development npx cloakroom serve',
          '',
        ]
      : []
    return [
      ...register,
      ...develop,
      'Once the app is built:',
      '  npx cloakroom serve',
      '',
      `Then open ${origin}.`,
    ]
  }
  const proxy = ['proxy', 'middleware']
    .flatMap((name) => [`${source}${name}.ts`, `${source}${name}.js`])
    .find((file) => existsSync(join(cwd, file)))
  const bff = [...files.keys()].find((file) => /(?:^|\/)bff\.[tj]s$/.test(file))
  return [
    ...register,
    'In next.config, so that addresses and answers pass as they are:',
    "  import { nextConfig } from 'cloakroom/next'",
    '  export default nextConfig({ … })',
    "  // CommonJS: module.exports = async () => (await import('cloakroom/next')).nextConfig({ … })",
    '',
    `For pages that need a sign-in (spa.protectedPages), in ${proxy ?? `${source}proxy.ts`}:`,
    `  const response = await cloakroom.middleware(request)   // from ${bff}`,
    '',
    `Then start your app as ever, and open ${origin}/bff/login.`,
  ]
}
