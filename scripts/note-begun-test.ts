import { writeFileSync } from 'node:fs'
import { beforeEach } from 'node:test'

/**
 * Loaded before a file of tests: writes which test has begun to the file that `?into=` names. A test that
 * never gives the thread back can be named by nobody else.
 */
const file = new URL(import.meta.url).searchParams.get('into')
beforeEach((context) => {
  if (file && 'fullName' in context) writeFileSync(file, String(context.fullName))
})
