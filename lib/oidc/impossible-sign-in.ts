import { given } from '../http/given.ts'
import type { Log } from '../telemetry/log.ts'
import { AnsweredError } from './answered-error.ts'
import { plainCause } from './provider-error.ts'
import { providerFix } from './provider-fix.ts'

export interface Impossible {
  /** For the log; holds no token. */
  readonly cause?: unknown
  /** OAuth error code. */
  readonly error?: string | undefined
  /** What to change; without it the provider refuses our client. */
  readonly fix?: string | undefined
}

/** Nobody can sign in until a person changes something: which is an error, once, with what to change. */
export function tellImpossible(log: Log, { cause, error, fix }: Impossible): void {
  if (fix !== undefined) {
    const plain = plainCause(cause)
    log.event('sign_in.impossible', {
      what: `nobody can sign in: ${toldBy(plain)}`,
      fix,
      cause: plain,
    })
    return
  }
  const what = 'the provider refuses our client or its secret: nobody can sign in'
  const byError = providerFix(error, 'call') ?? providerFix('invalid_client', 'call') ?? ''
  log.event('credentials.refused', { what, fix: byError, ...given({ cause }) })
}

function toldBy(cause: Error): string {
  const { url, status } = cause instanceof AnsweredError ? cause : {}
  if (url === undefined || status === undefined) return cause.message
  return status < 300 ? `${url}: ${cause.message}` : `${url} answers ${status}`
}
