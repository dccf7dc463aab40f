// W3C Trace Context section 3.2: version 00, ids in lower-case hex and not all zero. Version 00
// has 55 characters; a later one may be longer, and its first four fields mean the same.
const wellFormed =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/**
 * Whether a caller's `traceparent` is passed on, with its `tracestate`. None is made up in place of one: a trace
 * that nobody began, marked as not sampled, would switch the API's own sampling off.
 */
export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && wellFormed.test(text)
}
