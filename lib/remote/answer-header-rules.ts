/** What is done with a header of an API's answer. All but `drop` and `pass` name where it is looked at. */
export type AnswerRule =
  | 'drop'
  | 'pass'
  | 'cache-control'
  | 'content-length'
  | 'content-security-policy'
  | 'content-type'
  | 'link'
  | 'location'
  | 'set-cookie'
  | 'transfer-encoding'
  | 'vary'
  | 'www-authenticate'
  | 'x-accel-buffering'
  | 'x-request-id'

const special: Readonly<Record<string, AnswerRule>> = {
  'cache-control': 'cache-control',
  'content-length': 'content-length',
  'content-location': 'location',
  'content-security-policy': 'content-security-policy',
  'content-type': 'content-type',
  link: 'link',
  location: 'location',
  'set-cookie': 'set-cookie',
  'transfer-encoding': 'transfer-encoding',
  vary: 'vary',
  'www-authenticate': 'www-authenticate',
  'x-accel-buffering': 'x-accel-buffering',
  'x-request-id': 'x-request-id',
}

const dropped = [
  // Hop-by-hop (RFC 9110 section 7.6.1), and what is ours to say.
  ...['connection', 'keep-alive', 'te', 'trailer', 'upgrade'],
  ...['x-content-type-options', 'x-upstream-request-id'],
  // Caches. Only `Cache-Control` is read.
  ...['age', 'expires', 'pragma', 'cache-tag', 'x-next-cache-tags', 'x-next-revalidated-tags'],
  // They change what the browser does with the whole origin, or make it act by itself.
  ...['accept-ch', 'activate-storage-access', 'alt-svc', 'clear-site-data', 'critical-ch'],
  ...['integrity-policy', 'integrity-policy-report-only', 'nel', 'observe-browsing-topics'],
  ...['origin-agent-cluster', 'origin-trial', 'public-key-pins', 'public-key-pins-report-only'],
  ...['refresh', 'report-to', 'reporting-endpoints', 'service-worker-allowed', 'set-cookie2'],
  ...['set-login', 'speculation-rules', 'strict-transport-security', 'supports-loading-mode'],
  ...['timing-allow-origin', 'use-as-dictionary'],
  // A matter between the API and us.
  'dpop-nonce',
]

/** Families that command a browser, a CDN, or the server that may stand in front of us (P20, P32). */
const droppedFamilies = new RegExp(
  [
    '^(?:access-control|attribution-reporting|proxy|sec-session)-',
    '-session-registration$',
    '(?:^|-)cdn-',
    // A proxy or a platform hears to the same name with and without `x-`.
    '^(?:x-)?(?:akamai|appengine|edge|envoy|fastly|netlify|surrogate)-',
    '^x-(?:accel|archive|litespeed|lighttpd|middleware|nextjs|reproxy)-',
    '^x-(?:cache-tags?|matched-path|invoke-)',
    '^x-sendfile',
    // But what a chat's stream says of itself.
    '^x-vercel-(?!ai-)',
  ].join('|'),
)

/**
 * Names of the standards, as of the IANA registry of field names, that tell something about an answer.
 * A list of what passes, since browsers go on inventing headers that act on a whole origin.
 */
const passed = [
  ...['accept', 'accept-additions', 'accept-datetime', 'accept-encoding', 'accept-features'],
  ...['accept-language', 'accept-patch', 'accept-post', 'accept-query', 'accept-ranges'],
  ...['accept-signature', 'allow', 'alternates', 'authentication-control', 'authentication-info'],
  ...['baggage', 'cache-status', 'caldav-timezones', 'content-base', 'content-digest'],
  ...['content-disposition', 'content-encoding', 'content-features', 'content-id'],
  ...['content-language', 'content-md5', 'content-range', 'content-security-policy-report-only'],
  ...['content-version', 'cost', 'dasl', 'date', 'dav', 'default-style', 'delta-base'],
  ...['deprecation', 'depth', 'derived-from', 'destination', 'detached-jws', 'digest'],
  ...['document-isolation-policy', 'document-policy', 'edit-uri', 'etag', 'feature-policy', 'from'],
  ...['idempotency-key', 'im', 'incremental', 'label', 'last-event-id', 'last-modified'],
  ...['link-template', 'lock-token', 'memento-datetime', 'meter', 'mime-version'],
  ...['negotiate', 'no-vary-search', 'opt', 'ordering-type', 'oslc-core-version', 'overwrite'],
  ...[
    'p3p',
    'permissions-policy',
    'permissions-policy-report-only',
    'position',
    'prefer',
    'preference-applied',
    'priority',
    'range',
    'ratelimit',
    'referrer-policy',
  ],
  ...[
    'replay-nonce',
    'repr-digest',
    'request-id',
    'require-document-policy',
    'retry-after',
    'safe',
    'schedule-tag',
  ],
  ...['security-scheme', 'server', 'server-timing', 'set-txn', 'signature', 'signature-input'],
  ...['slug', 'soapaction', 'sourcemap', 'status', 'status-uri', 'sunset', 'tcn', 'timeout'],
  ...['title', 'topic', 'traceparent', 'traceresponse', 'tracestate', 'ttl', 'unencoded-digest'],
  ...['uri', 'variant-vary', 'via', 'want-content-digest', 'want-digest', 'want-repr-digest'],
  ...['want-unencoded-digest', 'warning'],
]

/** Other names pass by family: those of one's own (RFC 6648), and of protocols that scripts speak. */
const passedFamilies =
  /^(?:x|connect|cross-origin|grpc|mcp|odata|ratelimit|repeatability|tus|upload)-/

/** The rules for one remote. `expose`: further names, lower case, that pass by setting. */
export function createAnswerRules(expose: readonly string[]): (name: string) => AnswerRule {
  const known = new Map<string, AnswerRule>()
  for (const name of [...passed, ...expose]) {
    known.set(name, droppedFamilies.test(name) ? 'drop' : 'pass')
  }
  for (const name of dropped) known.set(name, 'drop')
  for (const [name, rule] of Object.entries(special)) known.set(name, rule)
  return (name) => known.get(name) ?? familyRule(name)
}

function familyRule(name: string): AnswerRule {
  return passedFamilies.test(name) && !droppedFamilies.test(name) ? 'pass' : 'drop'
}

/** For tests: every name that a rule names. */
export const namedHeaders: readonly string[] = [...Object.keys(special), ...dropped, ...passed]
