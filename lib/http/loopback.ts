/** `localhost`, `127.0.0.0/8`, `[::1]`: names that cannot be reached from elsewhere. Of a parsed URL. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
