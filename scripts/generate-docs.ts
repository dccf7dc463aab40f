import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedFiles } from './docs/generated-files.ts'

/** `npm run docs`: writes what docs/ and .env.example take from the code. */
const root = join(import.meta.dirname, '..')
for (const { path, text } of generatedFiles(root)) writeFileSync(join(root, path), text)
