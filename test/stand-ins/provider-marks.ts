import type Provider from 'oidc-provider'

export interface IssuedSecret {
  readonly kind:
    | 'AccessToken'
    | 'RefreshToken'
    | 'AuthorizationCode'
    | 'ClientCredentials'
    | 'IdToken'
  readonly value: string
}

interface Model {
  prototype: {
    generateTokenId(): string
    save(...values: unknown[]): Promise<string>
  }
}

/**
 * Makes every opaque token and code begin with `mark`, and remembers each secret that goes out, so that
 * a test can look for them in all that a browser receives. JWTs cannot bear a visible mark.
 */
export function markSecrets(provider: Provider, mark: string): IssuedSecret[] {
  const issued: IssuedSecret[] = []
  const kinds = ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'ClientCredentials'] as const

  for (const kind of kinds) {
    const { prototype } = provider[kind] as unknown as Model
    const { generateTokenId, save } = prototype
    prototype.generateTokenId = function marked() {
      return mark + generateTokenId.call(this)
    }
    prototype.save = async function recorded(...values) {
      const value = await save.apply(this, values)
      issued.push({ kind, value })
      return value
    }
  }

  const { prototype } = provider.IdToken as unknown as {
    prototype: { issue(options: { use: string }): Promise<string> }
  }
  const { issue } = prototype
  prototype.issue = async function recorded(options) {
    const value = await issue.call(this, options)
    if (options.use === 'idtoken') issued.push({ kind: 'IdToken', value })
    return value
  }
  return issued
}
