import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readForm } from './form.ts'

test('L23: an empty form is a form, whether its host has a body for it or none', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const body of [undefined, '']) {
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
    })
    const form = await readForm(request)
    assert.ok(form instanceof URLSearchParams && form.size === 0)
  }
  const untyped = new Request('http://localhost/', { method: 'POST' })
  assert.equal(await readForm(untyped), 'bad_request')
})
