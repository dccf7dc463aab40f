import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { errorFields } from '#lib/telemetry/error-fields.ts'
import { type App, startApp } from './support/app.ts'

let app: App
before(async () => {
  app = await startApp({ config: { clients: { catalog: { scope: 'catalog' } } } })
})
after(() => app.close())
afterEach(() => {
  for (const name of ['token', 'authorize'] as const) app.provider.override(name)
  app.log.events.length = 0
})

/** The only event of that name, its cause as a log line has it. */
function told(event: string) {
  const found = app.log.events.filter((each) => each.event === event)
  assert.equal(found.length, 1, event)
  const { cause, ...fields } = (found[0]?.fields ?? {}) as Record<string, unknown>
  return { ...fields, cause: errorFields(cause), asItWasPassed: cause }
}

describe('A60: what a provider said of a failure', () => {
  test('A60: a refused secret is an error, with the call, the words and the fix', async () => {
    const description =
      'AADSTS7000215: Invalid client secret provided for app cloakroom-test.\r\nTrace: 1'
    app.provider.override('token', () => ({
      status: 401,
      body: { error: 'invalid_client', error_description: description },
    }))
    assert.equal((await app.browser().signInHere()).status, 500)
    const { what, fix, cause } = told('credentials.refused') as unknown as Record<string, string>
    assert.match(what ?? '', /nobody can sign in/)
    assert.match(fix ?? '', /OIDC_CLIENT_SECRET/)
    const {
      method,
      url,
      status,
      error,
      description: said,
    } = cause as unknown as Record<string, string>
    assert.deepEqual(
      [method, url, status, error],
      ['POST', `${app.provider.issuer}/token`, 401, 'invalid_client'],
    )
    assert.equal(
      said,
      'AADSTS7000215: Invalid client secret provided for app cloakroom-test. Trace: 1',
    )
    // Once for a cause, however many people try.
    await app.browser().signInHere()
    assert.equal(app.log.events.filter(({ event }) => event === 'credentials.refused').length, 1)
  })

  for (const [error, setting] of [
    ['invalid_scope', /OIDC_SCOPE/],
    ['invalid_request', /S256/],
    ['unauthorized_client', /standard flow/],
    ['unsupported_response_type', /"code"/],
  ] as const) {
    test(`A60: ${error} in a browser's link has the words and the fix, and is no alarm`, async () => {
      app.provider.override('authorize', async (_, usual) => {
        const answer = await usual()
        const url = new URL(String(answer.headers?.location))
        url.searchParams.delete('code')
        url.searchParams.set('error', error)
        url.searchParams.set('error_description', 'Invalid scopes: openid offline_access')
        return { ...answer, headers: { location: url.href } }
      })
      await app.browser().signInHere()
      const { fix, cause } = told('sign_in.failed') as unknown as Record<string, string>
      assert.match(fix ?? '', setting)
      assert.equal(
        (cause as unknown as { description: string }).description,
        'Invalid scopes: openid offline_access',
      )
      assert.ok(app.log.events.every((each) => each.event !== 'credentials.refused'))
    })
  }

  test('A60: a machine token that is refused says what the provider said', async () => {
    app.provider.override('token', () => ({
      status: 400,
      body: { error: 'invalid_scope', error_description: 'catalog is unknown' },
    }))
    assert.equal((await app.bff.clientToken('catalog')).kind, 'failed')
    const { fix, cause } = told('token.machine.failed') as unknown as Record<string, string>
    assert.match(fix ?? '', /scope/)
    assert.equal((cause as unknown as { description: string }).description, 'catalog is unknown')
  })

  test('A60: words are cut, on one line, and without what looks like a token', async () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'a1B2'.repeat(30)}.c2ln`
    for (const [said, expected] of [
      ['x'.repeat(9).concat(' ').repeat(100), /^(x{9} ){30}…$/],
      [`bad token ${token} \u0000\u202e here`, /^bad token \[redacted\] +here$/],
      ['', undefined],
      [{ a: 1 }, undefined],
    ] as const) {
      app.log.events.length = 0
      app.provider.override('token', () => ({
        status: 400,
        body: { error: 'invalid_request', error_description: said },
      }))
      await app.bff.forgetClientToken('catalog')
      await app.bff.clientToken('catalog')
      const { asItWasPassed } = told('token.machine.failed')
      const { description } = asItWasPassed as { description?: string }
      if (expected) assert.match(description ?? '', expected)
      else assert.equal(description, undefined)
    }
  })
})
