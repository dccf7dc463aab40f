import type { IncomingMessage } from 'node:http'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { demoAcr } from './provider-config.ts'
import { contentSecurityPolicy, loginPage, welcomePage } from './provider-pages.ts'
import { avatar, demoUsers, findDemoUser } from './users.ts'

/** The pages that people see: who signs in, avatars, a front page. */
export function createLogin(provider: Provider, home: string) {
  return async function login(ctx: KoaContextWithOIDC, next: () => Promise<void>) {
    ctx.set('content-security-policy', contentSecurityPolicy)
    ctx.set('referrer-policy', 'no-referrer')
    ctx.set('x-content-type-options', 'nosniff')
    if (ctx.path === '/') {
      ctx.type = 'html'
      ctx.body = welcomePage(provider.issuer, home)
      return
    }
    const pictured = findDemoUser(/^\/avatar\/(\w+)\.svg$/.exec(ctx.path)?.[1] ?? '')
    if (pictured) {
      ctx.type = 'image/svg+xml'
      ctx.set('cache-control', 'public, max-age=3600')
      ctx.body = avatar(pictured)
      return
    }
    if (!/^\/interaction\/[\w-]+$/.test(ctx.path)) return next()
    ctx.set('cache-control', 'no-store')
    if (ctx.method === 'POST') return finish(ctx)
    return show(ctx)
  }

  async function show(ctx: KoaContextWithOIDC): Promise<void> {
    const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res)
    // Everybody consents here; `prompt=consent` is answered without a question.
    if (prompt.name === 'consent') return answer(ctx, { consent: {} })
    const known = findDemoUser(String(session?.accountId ?? params.login_hint ?? ''))
    const stronger = prompt.reasons.includes('acr_values')
    const again = prompt.reasons.includes('max_age')
    ctx.type = 'html'
    ctx.body = loginPage({
      action: ctx.path,
      users: known && (stronger || again) ? [known] : demoUsers,
      reason: stronger || asksForTwo(params.acr_values) ? 'stronger' : again ? 'again' : 'sign-in',
    })
  }

  async function finish(ctx: KoaContextWithOIDC): Promise<void> {
    const form = new URLSearchParams(await readBody(ctx.req))
    if (form.has('cancel')) {
      const error_description = 'the person cancelled the sign-in'
      return answer(ctx, { error: 'access_denied', error_description })
    }
    const user = findDemoUser(form.get('user') ?? '')
    if (!user) return show(ctx)
    const two = form.has('code')
    await answer(ctx, {
      login: {
        accountId: user.sub,
        acr: two ? demoAcr.double : demoAcr.single,
        amr: two ? ['pwd', 'otp'] : ['pwd'],
      },
    })
  }

  async function answer(
    ctx: KoaContextWithOIDC,
    result: Parameters<Provider['interactionResult']>[2],
  ): Promise<void> {
    const merge = { mergeWithLastSubmission: false }
    ctx.status = 303
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, merge))
  }
}

function asksForTwo(acrValues: unknown): boolean {
  return typeof acrValues === 'string' && acrValues.split(' ').includes(demoAcr.double)
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
