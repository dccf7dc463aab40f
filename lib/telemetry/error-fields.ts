import { types } from 'node:util'
import { redact, redactMessage } from './redaction.ts'

/** What a log line says of a cause. Nothing else of it is read: no body, header, response or request. */
export interface ErrorFields {
  readonly name: string
  readonly code?: string
  readonly message?: string
  /** OAuth error code of a provider's answer (RFC 6749 section 5.2). */
  readonly error?: string
  readonly status?: number
  /** `error_description` of that answer, and the call that it answered. */
  readonly description?: string
  readonly method?: string
  readonly url?: string
  readonly errors?: ErrorFields[]
  readonly cause?: ErrorFields
}

const deepest = 5
const widest = 4

/** Name, code and message of an error and of what caused it, down to five levels. Never throws. */
export function errorFields(cause: unknown, depth = 0): ErrorFields {
  try {
    return readFields(cause, depth)
  } catch {
    // A getter or proxy of the thrown value threw itself.
    return { name: 'Unreadable' }
  }
}

function readFields(cause: unknown, depth: number): ErrorFields {
  if (typeof cause === 'string') return { name: 'String', message: redactMessage(cause) }
  if (typeof cause !== 'object' || cause === null) return { name: typeof cause }
  if (!isError(cause)) return { name: identifier(cause.constructor?.name) ?? 'Object' }
  const { code, error, status, errors, description, method, url } = cause as Error &
    Record<string, unknown>
  const several = depth < deepest && Array.isArray(errors)
  return {
    name: identifier(cause.name) ?? 'Error',
    ...optional('code', identifier(code)),
    message: messageOf(cause),
    ...optional('error', identifier(error)),
    ...optional('status', statusCode(status)),
    ...optional('description', words(description, 300)),
    ...optional('method', identifier(method)),
    ...optional('url', words(url, 512)),
    ...(several
      ? { errors: errors.slice(0, widest).map((each) => errorFields(each, depth + 1)) }
      : {}),
    ...(depth < deepest && isError(cause.cause)
      ? { cause: errorFields(cause.cause, depth + 1) }
      : {}),
  }
}

/** oauth4webapi puts parsed bodies, responses and parameters into `cause`: only errors are followed. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

function messageOf(error: Error): string {
  // V8 quotes the text that it could not parse: "Unexpected token 'h', "hunter2" is not valid JSON".
  if (error instanceof SyntaxError || error.name === 'SyntaxError') return 'syntax error'
  return redactMessage(String(error.message))
}

/** `OAUTH_RESPONSE_BODY_ERROR`, `ECONNREFUSED`, `invalid_grant`: one word, and no random one. */
function identifier(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(value)) return undefined
  return redactMessage(redact(value))
}

/** Other people's: redacted once more. */
function words(value: unknown, longest: number): string | undefined {
  return typeof value === 'string' ? redactMessage(value, longest) : undefined
}

function statusCode(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599
    ? Number(value)
    : undefined
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
}
