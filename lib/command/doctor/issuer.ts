import { discoveryIssuer, issuerTemplate } from '../../config/tenants.ts'
import { createOutgoing } from '../../http/outgoing.ts'
import { followingOnce } from '../../oidc/follow-once.ts'
import { needsNoDiscovery } from '../../oidc/named-endpoints.ts'
import { type Finding, fail, type Look, ok, reasonOf, warn } from './check.ts'

/** Discovery, and whose clock is off: one request for both. */
export function issuerLooks(): readonly Look[] {
  let date: string | null = null
  let asked: Promise<Finding> | undefined
  return [
    {
      id: 'issuer',
      look: (settings) => {
        asked = ask(settings, (found) => {
          date = found
        })
        return asked
      },
    },
    {
      id: 'clock',
      async look({ oidc }) {
        await asked
        if (date === null) return { status: 'skipped', message: 'the provider told no time' }
        const offSeconds = Math.round((Date.now() - Date.parse(date)) / 1000)
        const off = Math.abs(offSeconds)
        if (off <= oidc.clockToleranceSeconds)
          return ok(`that of the provider, within ${Math.max(1, off)} s`)
        const which = offSeconds > 0 ? 'ahead of' : 'behind'
        return warn(`this clock is ${off} s ${which} the provider's`, 'set it by NTP')
      },
    },
  ]
}

async function ask(
  { oidc, outgoing }: Parameters<Look['look']>[0],
  tellDate: (date: string | null) => void,
): Promise<Finding> {
  if (needsNoDiscovery(oidc.endpoints)) return ok('oidc.endpoints names all that a sign-in needs')
  const url = `${discoveryIssuer(oidc.issuer).replace(/\/$/, '')}/.well-known/openid-configuration`
  const fetch = followingOnce(createOutgoing(outgoing).fetch(() => oidc.tls))
  const signal = AbortSignal.timeout(4000)
  const answer = await fetch(url, { signal, redirect: 'manual' }).catch((cause: unknown) => cause)
  if (typeof (answer as Response | undefined)?.status !== 'number') {
    return fail(`${url}: ${reasonOf(answer)}`, 'check OIDC_ISSUER, and the way there')
  }
  const { status, headers } = answer as Response
  tellDate(headers.get('date'))
  if (status !== 200) {
    const to = headers.get('location')
    const where = to ? ` and leads to ${to.split('?')[0]}` : ''
    return fail(
      `${url} answers ${status}${where}`,
      'set OIDC_ISSUER to the issuer exactly as the provider spells it',
    )
  }
  const document = (await (answer as Response).json().catch(() => undefined)) as
    | { issuer?: unknown }
    | undefined
  if (typeof document?.issuer !== 'string')
    return fail(`${url} is no discovery document`, 'check OIDC_ISSUER')
  if (document.issuer === (issuerTemplate(oidc.issuer) ?? oidc.issuer))
    return ok(`${oidc.issuer} describes itself`)
  return fail(
    `${url} is of the issuer ${document.issuer.slice(0, 200)}, and not of ${oidc.issuer}`,
    `set OIDC_ISSUER to ${document.issuer.slice(0, 200)}, if that is yours`,
  )
}
