import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBoundedMap, partOf } from './bounded-map.ts'

describe('bounded map', () => {
  const open = () => createBoundedMap<string>({ maxWeight: 8, weigh: (value) => value.length })

  it('keeps what is asked for and forgets the rest', () => {
    const map = open()
    map.set('kept', '11')
    for (let i = 0; i < 50; i++) {
      map.set(`passing-${i}`, '11')
      assert.equal(map.get('kept'), '11')
    }
    assert.equal(map.get('passing-0'), undefined)
    assert.equal(map.get('passing-49'), '11')
  })

  it('never holds more than its weight', () => {
    const map = open()
    const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`)
    for (const key of keys) map.set(key, '22')
    for (const key of keys) map.set(key, '1')
    const weight = keys.reduce((sum, key) => sum + (map.get(key)?.length ?? 0), 0)
    assert.ok(weight > 0 && weight <= 8, `holds ${weight}`)
  })

  it('does not remember what would push out everything else', () => {
    const map = open()
    map.set('small', '1')
    map.set('huge', '123456789')
    assert.equal(map.get('huge'), undefined)
    assert.equal(map.get('small'), '1')
  })

  it('a key that was deleted or cleared is gone from both generations', () => {
    const map = open()
    for (const key of ['a', 'b', 'c']) map.set(key, '11')
    map.delete('a')
    map.delete('c')
    assert.deepEqual(['a', 'b', 'c'].map(map.get), [undefined, '11', undefined])
    map.clear()
    assert.equal(map.get('b'), undefined)
  })
})

it('what several remember in one map is bounded for all, and each sees its own', () => {
  const whole = createBoundedMap<string>({ maxWeight: 200, weigh: (value) => value.length })
  const parts = ['a:', 'b:', 'c:'].map((prefix) => partOf(whole, prefix))
  for (const [i, part] of parts.entries()) part.set('key', `${i}`)
  assert.deepEqual(
    parts.map((part) => part.get('key')),
    ['0', '1', '2'],
  )
  parts[0]?.delete('key')
  assert.deepEqual(
    parts.map((part) => part.get('key')),
    [undefined, '1', '2'],
  )
  for (let i = 0; i < 100; i += 1) parts[0]?.set(`${i}`, 'x'.repeat(10))
  assert.equal(parts[1]?.get('key'), undefined)
})
