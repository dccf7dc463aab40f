/** A path with its escapes read once; as it is where one is broken, or is no UTF-8. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
