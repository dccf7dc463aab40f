// What comes bit by bit and is wanted so: events, lines of JSON, parts (GraphQL's `@defer`), messages of Connect
// and gRPC.
const streaming =
  /^(?:text\/event-stream|application\/(?:json-seq|stream\+json|(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines)|connect\+[\w.+-]+|grpc-web[\w.+-]*)|multipart\/(?:mixed|x-mixed-replace))(?=[\s;,]|$)/i
const eventStream = /^text\/event-stream\b/i

type ContentType = string | string[] | undefined

/** Server-sent events, by the value or the values of `Content-Type`. */
export function isEventStream(contentType: ContentType): boolean {
  return isOf(eventStream, contentType)
}

/** Whether nobody on the way may gather the answer before passing it on (P27). */
export function isStreaming(contentType: ContentType): boolean {
  return isOf(streaming, contentType)
}

function isOf(family: RegExp, contentType: ContentType): boolean {
  if (typeof contentType === 'string') return family.test(contentType)
  return contentType?.some((one) => family.test(one)) ?? false
}
