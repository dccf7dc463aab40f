import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Destination, destinationOf, isNavigation } from './navigation.ts'

describe('L26: what a request is for, by Fetch Metadata', () => {
  const table: [dest: string | undefined, mode: string | undefined, Destination][] = [
    ['document', 'navigate', 'window'],
    ['document', undefined, 'window'],
    ['iframe', 'navigate', 'frame'],
    ['frame', 'navigate', 'frame'],
    ['empty', 'navigate', 'page'],
    ['empty', 'cors', 'no-page'],
    ['empty', 'no-cors', 'no-page'],
    ['empty', 'same-origin', 'no-page'],
    ['empty', undefined, 'no-page'],
    ['embed', 'navigate', 'no-page'],
    ['object', 'navigate', 'no-page'],
    ['image', 'no-cors', 'no-page'],
    ['serviceworker', 'same-origin', 'no-page'],
    ['', 'navigate', 'no-page'],
    ['DOCUMENT', 'navigate', 'no-page'],
    [undefined, undefined, 'untold'],
    [undefined, 'cors', 'untold'],
  ]
  for (const [dest, mode, expected] of table) {
    test(`L26: dest ${dest}, mode ${mode}: ${expected}`, () => {
      const headers = new Headers({ accept: 'text/html' })
      if (dest !== undefined) headers.set('sec-fetch-dest', dest)
      if (mode !== undefined) headers.set('sec-fetch-mode', mode)
      assert.equal(destinationOf(headers), expected)
      assert.equal(isNavigation(headers), expected !== 'no-page')
    })
  }

  test('L26: where nothing is said, whoever takes HTML sees a page', () => {
    assert.equal(isNavigation(new Headers({ accept: 'text/html,*/*' })), true)
    assert.equal(isNavigation(new Headers({ accept: '*/*' })), false)
    assert.equal(isNavigation(new Headers()), false)
  })
})
