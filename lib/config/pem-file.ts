import { readFileSync } from 'node:fs'
import type { Report } from './report.ts'

/** A file that a setting names; undefined when it cannot be read, which is reported. */
export function readPem(setting: string, file: string, report: Report): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    report.problem(setting, `names ${file}, which cannot be read`, 'check its path and permissions')
    return undefined
  }
}
