import { join } from 'node:path'
import { buildPackage } from './package/build-package.ts'

/** `npm run package`: writes `dist/`, the package `cloakroom` as it is published. */
const root = join(import.meta.dirname, '..')
const into = join(root, 'dist')
const started = performance.now()
await buildPackage(root, into)
console.log(`Written to ${into} in ${((performance.now() - started) / 1000).toFixed(1)} s.`)
