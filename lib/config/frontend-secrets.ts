import { hkdfSync } from 'node:crypto'

/**
 * The secrets of one frontend, newest first (HKDF, RFC 5869). Everything that is sealed or encrypted is so under keys
 * that follow from them: what one frontend made, another cannot open, nor the same one as another client.
 */
export function frontendSecrets(
  secrets: readonly string[],
  name: string,
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
): string[] {
  const info = ['cloakroom frontend', name, issuer, clientId].join('\0')
  return secrets.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, 'cloakroom', info, 32)).toString('base64url'),
  )
}
