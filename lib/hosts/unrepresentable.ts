// Frameworks make a web `Request` of what they get, which cannot have these methods, and throw.
const methods = new Set(['TRACE', 'TRACK'])

/** True for a method of which no web `Request` can be made. */
export function isUnrepresentableMethod(method: string): boolean {
  return methods.has(method)
}

/** False for a broken escape, or one that is no UTF-8: frameworks that decode a path fail there. */
export function isDecodablePath(target: string): boolean {
  try {
    decodeURIComponent(target.split('?', 1)[0] ?? '')
    return true
  } catch {
    return false
  }
}
