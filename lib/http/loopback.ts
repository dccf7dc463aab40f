/** `localhost`, `127.0.0.0/8`, `[::1]`: names that cannot be reached from elsewhere. Of a parsed URL. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** Those, and all names below `localhost` (RFC 6761 section 6.3): a browser looks them up nowhere. */
export function isLoopbackName(hostname: string): boolean {
  return isLoopback(hostname) || /^(?:[a-z\d_-]+\.)+localhost$/.test(hostname)
}
