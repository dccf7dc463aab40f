import { generatedFiles } from '../docs/generated-files.ts'
import type { Finding } from './house.ts'

/** What docs/ and .env.example take from the code is what the code says now. */
export function checkDocsInSync(
  root: string,
  read: (path: string) => string | undefined,
): Finding[] {
  return generatedFiles(root).flatMap(({ path, text }) => {
    const written = read(path)
    if (written === text) return []
    const line = firstDifference(written ?? '', text)
    return [{ file: path, line, message: 'is not what the code says: run `npm run docs`' }]
  })
}

function firstDifference(written: string, expected: string): number {
  const [left, right] = [written.split('\n'), expected.split('\n')]
  return left.findIndex((line, index) => line !== right[index]) + 1 || left.length
}
