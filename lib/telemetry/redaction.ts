/**
 * Text that is fit for a log: no control characters, nothing that looks like a credential, not too long.
 * A second line of defence. The first is that no field of the catalogue is meant for a credential.
 */
export function redact(text: string, longest = 1024): string {
  // Cut first: what follows works on text that strangers may have made long on purpose.
  let safe = text.slice(0, longest * 4).replace(control, ' ')
  for (const [pattern, replacement] of credentials) safe = safe.replace(pattern, replacement)
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe
}

/**
 * As `redact`, and also without long runs of random characters. For messages of other people's errors,
 * where an opaque token may stand without anything around it that gives it away.
 */
export function redactMessage(text: string, longest = 512): string {
  const safe = redact(text, longest * 2).replace(run, (word) => (isOpaque(word) ? mark : word))
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe
}

const mark = '[redacted]'

// C0, C1, the line separators, and the marks that reorder text (L4).
const control =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g

const parameter =
  'code|state|nonce|token|\\w*_token|token_hint|\\w*_token_hint|logout_hint|assertion|\\w*_assertion|' +
  '\\w*secret|password|code_verifier|request|request_uri|session_state|api_?key|key|sig|signature'

/** In this order: the wide ones first, so that a narrow one does not cut them into harmless halves. */
const credentials: readonly (readonly [RegExp, string])[] = [
  // Header lines, as they stand in dumps of requests.
  [/\b((?:set-)?cookie2?["']?\s*[:=]\s*).*/gi, `$1${mark}`],
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*).*/gi, `$1${mark}`],
  [/\b(dpop["']?\s*[:=]\s*)\S+/gi, `$1${mark}`],
  [/\b(bearer|dpop|basic|negotiate)\s+[\w.~+/=-]{6,}/gi, `$1 ${mark}`],
  // Members of JSON, also when it is quoted inside of a string.
  [new RegExp(`(\\\\?["'](?:${parameter})\\\\?["']\\s*:\\s*).*`, 'gi'), `$1${mark}`],
  // Parameters of a query, a form or a fragment.
  [new RegExp(`\\b(${parameter})(=|%3d)[^&\\s"'<>]+`, 'gi'), `$1$2${mark}`],
  // iron-session seals, JWTs and JWEs (the encrypted key of a JWE may be empty), our own cookies.
  [/Fe26\.[^;\s]+/g, mark],
  [/\beyJ[\w-]*(?:\.[\w-]*){1,4}/g, mark],
  [/\b((?:__[\w-]+-)?bff[\w.-]*=)[^;\s]+/gi, `$1${mark}`],
  // User and password of a URL.
  [/(\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^/\s@]+@/gi, `$1${mark}@`],
]

const run = /[\w+/~-]{20,}={0,2}/g

/** Random text mixes digits and cases where words, constants and paths do not. */
function isOpaque(word: string): boolean {
  if (word.split('/').some(isRandom)) return true
  // Base64 may hold slashes; a path holds words.
  const words = /(^|\/)[a-z][a-z_-]{3,}(\/|$)/.test(word)
  return !words && isRandom(word.replaceAll('/', '')) && /[a-z]/.test(word) && /[A-Z]/.test(word)
}

function isRandom(text: string): boolean {
  if (text.length < 20) return false
  const digits = /\d/.test(text) && /[A-Za-z]/.test(text)
  return digits || (/[a-z]/.test(text) && /[A-Z]/.test(text) && text.length >= 32)
}
