// What a browser never runs, however it is opened (P30). `image/svg+xml` is missing on purpose.
const inert = [
  'application/(?:json|json-seq|(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)|pdf|wasm|octet-stream)',
  'text/(?:plain|css|event-stream)',
  'image/(?:png|jpeg|gif|webp|avif|bmp|x-icon)',
  '(?:audio|video|font)/[\\w!#$&^.+-]+',
  // RFC 6839 section 3.1. A browser takes `multipart/*` apart whatever its suffix.
  '(?!multipart/)[\\w!#$&^.+-]+/[\\w!#$&^.+-]+\\+json',
]

// One type with no parameter but `charset`: whoever reads a list, a quote or a boundary may find another
// type in it than we do. Any `+xml` is a document (RFC 7303 section 4.2).
const inertLine = new RegExp(
  `^(?!.*\\+xml)(?:${inert.join('|')})(?:[ \\t]*;[ \\t]*charset=[\\w.:+-]+)?$`,
  'i',
)

/** Whether an answer with this `Content-Type` is safe to open on the app's own origin (P14). */
export function isInert(contentType: string | string[] | undefined): boolean {
  return typeof contentType === 'string' && inertLine.test(contentType)
}
