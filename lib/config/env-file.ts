import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Reads `.env` of a folder into the environment, if there is one. Variables that are set already win. */
export function loadEnvFile(folder: string): void {
  const file = join(folder, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
}
