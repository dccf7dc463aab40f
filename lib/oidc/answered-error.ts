import type { ProviderAnswer } from './provider-fetch.ts'

/** Why a call failed, with what the provider said to it: for the log, and free of tokens. */
export class AnsweredError extends Error {
  readonly method?: string
  /** Without query and fragment. */
  readonly url?: string
  readonly status?: number
  /** OAuth error code (`errorCode`). */
  readonly error?: string
  /** `error_description` (`errorDescription`). */
  readonly description?: string

  constructor(cause: Error, { method, url, status, error, description }: Partial<ProviderAnswer>) {
    super(cause.message)
    this.name = cause.name
    const said = { method, url, status, error, description }
    for (const [name, value] of Object.entries(said)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true })
    }
  }
}
