/**
 * CORS for the listed origins of split-host apps, and for nobody else. The fetch standard lets a page
 * read an answer with credentials only when its origin is named exactly.
 */
export interface Cors {
  /** The origin when it is listed. */
  listed(origin: string | undefined): string | undefined
  /** Flat headers of every answer to a listed origin. */
  answerHeaders(origin: string): readonly string[]
  /** Flat headers of the answer to a preflight. */
  preflightHeaders(origin: string, methods: string, requested: string | undefined): string[]
}

// What a page may read beyond the safelisted names.
const exposed =
  'Content-Disposition, Content-Range, ETag, Link, Location, Retry-After, WWW-Authenticate, X-Request-Id, X-Upstream-Request-Id'
const headerNames = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/
const preflightSeconds = 600

const allowed = (origin: string) => [
  'access-control-allow-origin',
  origin,
  'access-control-allow-credentials',
  'true',
]

export function createCors(origins: readonly string[]): Cors {
  const answers = new Map(
    origins.map((origin) => [
      origin,
      [...allowed(origin), 'access-control-expose-headers', exposed],
    ]),
  )

  return {
    listed: (origin) => (origin !== undefined && answers.has(origin) ? origin : undefined),
    answerHeaders: (origin) => answers.get(origin) ?? [],
    preflightHeaders(origin, methods, requested) {
      const names =
        requested !== undefined && requested.length <= 1024 && headerNames.test(requested)
          ? requested
          : 'X-CSRF'
      return [
        ...allowed(origin),
        'access-control-allow-methods',
        methods,
        'access-control-allow-headers',
        names,
        'access-control-max-age',
        String(preflightSeconds),
        'vary',
        'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      ]
    },
  }
}
