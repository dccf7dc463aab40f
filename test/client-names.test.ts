import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineConfig, openBff } from 'cloakroom'

test('T28: clientFetch knows the names of the configuration', () => {
  const config = defineConfig({ clients: { catalog: { scope: 'catalog' } } })
  // For the compiler: nobody calls it.
  const use = async () => {
    const bff = await openBff(config)
    bff.clientFetch('catalog')
    // @ts-expect-error there is no such client
    bff.clientFetch('catalogue')
    const free = await openBff(defineConfig({}))
    free.clientFetch('any')
  }
  assert.equal(typeof use, 'function')
  assert.equal(config.clients?.catalog?.scope, 'catalog')
})
