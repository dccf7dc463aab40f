import assert from 'node:assert/strict'
import type { Log } from '#lib/telemetry/log.ts'
import { createPinoLog } from '#lib/telemetry/pino-log.ts'

/** What the stand-ins of the tests give out: codes, tokens, and whatever is a JWT. */
const credential = /\b(?:access|refresh|code)-[\w-]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}/

/** Fails the test in whose course a secret, a code or a token was written where an operator reads. */
export function assertNoSecrets(text: string, secrets: readonly string[] = []): void {
  for (const secret of secrets) {
    if (secret.length >= 12) assert.ok(!text.includes(secret), `a secret stands in: ${text}`)
  }
  assert.doesNotMatch(text, credential)
}

/** The lines that events become, whatever their level. */
export function createLogLines(): { readonly log: Log; readonly lines: readonly string[] } {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  return { log: createPinoLog({ level: 'trace', destination }), lines }
}
