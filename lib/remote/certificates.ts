import type { RemoteSettings } from '../config/remote.ts'
import type { ClientCertificate } from '../http/outgoing.ts'

/** By the origin of the APIs: server code that calls one shows what the proxy shows. */
export function certificatesByOrigin(remotes: Readonly<Record<string, RemoteSettings>>) {
  const found = new Map<string, ClientCertificate>()
  for (const { target, tls } of Object.values(remotes)) {
    if (tls) found.set(new URL(target).origin, tls)
  }
  return (origin: string): ClientCertificate | undefined => found.get(origin)
}
