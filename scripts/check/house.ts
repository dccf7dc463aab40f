import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of the project: path from the root, with `/`, to text. */
export type House = ReadonlyMap<string, string>

/** One place where a rule is broken. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly message: string
}

const outside = new Set([
  'node_modules',
  '.next',
  '.git',
  '.data',
  '.vercel',
  'dist',
  'test-results',
])
const read = /\.(tsx?|css|md|json|yaml)$/

/** Reads every source and page of the project. */
export function readHouse(root: string): House {
  const house = new Map<string, string>()
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !outside.has(entry.name)) visit(path)
      else if (entry.isFile() && read.test(entry.name)) {
        house.set(path, readFileSync(join(root, path), 'utf8'))
      }
    }
  }
  visit('')
  return house
}

export function isSource(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith('.d.ts')
}

export function isTest(path: string): boolean {
  return /\.(test|spec)\.tsx?$/.test(path) || /^(test|e2e|demo\/e2e)\//.test(path)
}

/** The demo: two folders that can be deleted, whereupon everything else still holds. */
export function isDemo(path: string): boolean {
  return path.startsWith('demo/') || path.startsWith('app/(demo)/')
}

/** Number of the line, from 1, that the character at `index` stands on. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (
    let each = text.indexOf('\n');
    each >= 0 && each < index;
    each = text.indexOf('\n', each + 1)
  ) {
    line++
  }
  return line
}
