import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Config } from '#lib/config/define-config.ts'
import type { LogFields } from '#lib/telemetry/log.ts'
import { startApp } from './support/app.ts'

type Algorithm = NonNullable<NonNullable<Config['oidc']>['idTokenAlg']>

describe('L30: the algorithm of ID tokens', () => {
  for (const [listed, pinned, signed, isGood] of [
    [['RS256', 'ES256'], undefined, 'ES256', true],
    [['ES256'], undefined, 'ES256', true],
    [['ES256'], undefined, 'RS256', false],
    [undefined, undefined, 'RS256', true],
    [undefined, undefined, 'ES256', false],
    // Neither of these is ever among them.
    [['HS256', 'none'], undefined, 'RS256', true],
    [['HS256', 'RS256'], undefined, 'HS256', false],
    [['none', 'RS256'], undefined, 'none', false],
    [['RS256', 'ES256'], 'RS256', 'ES256', false],
    [['RS256'], 'ES256', 'ES256', true],
  ] as [string[] | undefined, Algorithm | undefined, string, boolean][]) {
    const list = listed?.join(', ') ?? 'nothing'
    test(`L30: ${list} listed, ${pinned ?? 'none'} set: ${signed} is ${isGood}`, async (t) => {
      const app = await startApp({
        config: { oidc: pinned ? { idTokenAlg: pinned } : {} },
        provider: { metadata: { id_token_signing_alg_values_supported: listed } },
      })
      t.after(() => app.close())
      const sign =
        signed === 'HS256' ? { alg: signed, secret: app.provider.clientSecret } : { alg: signed }
      app.provider.override('token', async (_, usual) => {
        const answer = await usual()
        const asked = app.provider.requests.findLast(({ name }) => name === 'authorize')
        const nonce = asked?.params.get('nonce')
        const id_token = await app.provider.signIdToken({ nonce }, sign as never)
        return { ...answer, body: { ...(answer.body as object), id_token } }
      })
      const browser = app.browser()
      await browser.signInHere()
      assert.equal((await browser.user())?.sub, isGood ? 'alice' : undefined)
      const failed = app.log.events.find(({ event }) => event === 'sign_in.failed')
      if (isGood) assert.equal(failed, undefined)
      else {
        const told = (failed?.fields ?? {}) as Partial<LogFields['sign_in.failed']>
        const { claim, found, fix } = told
        assert.equal(claim, 'alg')
        assert.match(found ?? '', new RegExp(signed))
        assert.match(fix ?? '', /oidc\.idTokenAlg/)
      }
      // Logout tokens by the same rule.
      const logout_token = await app.provider.signLogoutToken({}, sign as never)
      const { status } = await fetch(`${app.origin}/bff/backchannel`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token }),
      })
      assert.equal(status, isGood ? 200 : 400)
    })
  }
})
