import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import type { ScriptedProvider } from './scripted-provider.ts'

/** An issuer of several tenants, as Microsoft Entra has them. */
export interface TenantIssuer {
  readonly origin: string
  /** Of the tokens that the provider signs from now on. */
  tenant: string
  close(): void
}

/** Puts one before a scripted provider: discovery below `/common` and `/organizations`, and ID tokens of a tenant. */
export async function startTenantIssuer(
  provider: ScriptedProvider,
  options: { tenant: string; template?: string },
): Promise<TenantIssuer> {
  const front = createServer(async (request, response) => {
    const isDocument = /^\/(?:common|organizations)\/v2\.0\/\.well-known\/openid-configuration$/
    if (!isDocument.test(request.url ?? '')) return void response.writeHead(404).end()
    const document = await fetch(`${provider.issuer}/.well-known/openid-configuration`)
    const { template = '{tenantid}' } = options
    const asked = await document.json()
    asked.authorization_response_iss_parameter_supported = false
    const body = { ...asked, issuer: `${origin}/${template}/v2.0` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  const issuer = { origin, tenant: options.tenant, close: () => void front.close() }
  // RFC 9207 is not known there.
  provider.override('authorize', async (_, usual) => {
    const answer = await usual()
    const location = new URL(answer.headers?.location ?? '')
    location.searchParams.delete('iss')
    return { ...answer, headers: { ...answer.headers, location: location.href } }
  })
  provider.override('token', async (_, usual) => {
    const answer = await usual()
    const body = answer.body as { id_token?: string }
    if (body.id_token === undefined) return answer
    const { tenant: tid } = issuer
    const claims = { ...decodeJwt(body.id_token), iss: `${origin}/${tid}/v2.0`, tid }
    return { ...answer, body: { ...body, id_token: await provider.signIdToken(claims) } }
  })
  return issuer
}
