import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { besideFile } from '../config/config-file.ts'
import type { Config } from '../config/define-config.ts'
import { processEnvironment, readNamed, setVariable } from '../config/env.ts'
import { loadEnvFile } from '../config/env-file.ts'
import { UsageError } from './terminal.ts'

const names = ['ts', 'mts', 'js', 'mjs', 'json'].map((ending) => `bff.config.${ending}`)

/** What an app says of itself. */
export interface AppConfig {
  readonly config: Config
  /** Undefined when there is none: everything stands in the environment then. */
  readonly file: string | undefined
}

/** Whether the files are read at the start, or once more. */
type ReadTime = 'first' | 'again'

/**
 * Reads `.env` into the environment, then the configuration: the named file, else `BFF_CONFIG_FILE`, else the
 * `bff.config` of the folder. A JSON file is left to whoever reads the settings, who reports it with everything else.
 * Throws UsageError.
 */
export async function loadAppConfig(
  cwd: string,
  named: string | undefined,
  time: ReadTime = 'first',
): Promise<AppConfig> {
  loadEnvFile(cwd)
  const found =
    named ??
    readNamed(processEnvironment(), 'BFF_CONFIG_FILE') ??
    names.find((name) => existsSync(join(cwd, name)))
  if (found === undefined) return { config: {}, file: undefined }
  const file = resolve(cwd, found)
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`, 1)
  const isJson = file.endsWith('.json')
  setVariable('BFF_CONFIG_FILE', isJson ? file : undefined)
  if (isJson) return { config: {}, file }
  return { config: await importConfig(file, time), file }
}

async function importConfig(file: string, time: ReadTime): Promise<Config> {
  const { href } = pathToFileURL(file)
  // As another module: Node keeps what it has loaded.
  const address = time === 'first' ? href : `${href}?at=${Date.now()}`
  const module: { readonly default?: unknown } = await import(address).catch(
    async (cause: unknown) => {
      const stack = cause instanceof Error ? (cause.stack ?? '') : ''
      const line = lineIn(stack, file) ?? lineIn(await syntaxErrorOf(file), file)
      const place = line === undefined ? basename(file) : `${basename(file)}:${line}`
      throw new UsageError(`${place}: ${messageOf(cause)}`, 1)
    },
  )
  const { default: config } = module
  if (typeof config === 'object' && config !== null) return besideFile(config, file) as Config
  throw new UsageError(`${basename(file)} has no default export: write \`export default {}\``, 1)
}

/** Which line of the file it was, as Node writes it: in the first frame of ours, or at the top. */
function lineIn(text: string, file: string): string | undefined {
  for (const [, path = '', line] of text.matchAll(/((?:file:\/\/)?\/[^\s:()]+):(\d+)/g)) {
    if ((path.startsWith('file:') ? fileURLToPath(path) : path) === file) return line
  }
  return undefined
}

/** Node tells the line of a syntax error to whoever runs the file, and to nobody who imports it. */
async function syntaxErrorOf(file: string): Promise<string> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--check', file]).catch(
    (failed: { stderr?: string }) => failed,
  )
  return stderr ?? ''
}

function messageOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return message.split('\n')[0] ?? message
}
