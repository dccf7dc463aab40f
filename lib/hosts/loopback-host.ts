import { isLoopbackName } from '../http/loopback.ts'

/**
 * The rule for `Host`, when the public origin is on loopback: a name that cannot lead elsewhere. Without it
 * a page of any site could have its own name point here (DNS rebinding), and be of one origin with us. Its
 * port is not compared: tunnels and containers map it. Any other public origin: no rule, since whatever
 * stands in front may call us by a name of its own.
 */
export function createHostRule(publicOrigin: string): (host: string | undefined) => boolean {
  if (!isLoopbackName(new URL(publicOrigin).hostname)) return () => true
  return (host) => host !== undefined && isLoopbackName(host.replace(/:\d*$/, '').toLowerCase())
}
