import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isHashed } from './served-path.ts'

describe('a name with a hash in it', () => {
  for (const [name, kind] of [
    ['index-BxK3j9aQ.js', 'kept for ever'],
    ['index-DiwrgTda.css', 'kept for ever'],
    ['index-C-_xT0_a.js', 'kept for ever'],
    ['vendor-react-B8fK-2aZ.js', 'kept for ever'],
    ['main-7YQKUHZ4.js', 'kept for ever'],
    ['main-ABCDEFGH.js', 'kept for ever'],
    ['main.3f2a1b9c.js', 'kept for ever'],
    ['main.3f2a1b9c0d4e5f6a7b8c.chunk.js', 'kept for ever'],
    ['logo.3f2a1b9c.svg', 'kept for ever'],
    ['index-BxK3j9aQ.js.map', 'kept for ever'],
    ['vendor-messages.js', 'asked for again'],
    ['app.js', 'asked for again'],
    ['jquery-3.7.1.min.js', 'asked for again'],
    ['report-20240101.js', 'asked for again'],
    ['service-worker.js', 'asked for again'],
    ['apple-touch-icon.png', 'asked for again'],
    ['Inter-Regular.woff2', 'asked for again'],
    ['site.webmanifest', 'asked for again'],
    ['screenshot-1280x800.png', 'asked for again'],
    ['apple-splash-1125x2436.png', 'asked for again'],
    ['manual-chapter10.pdf', 'asked for again'],
    ['manual-Chapter1.pdf', 'asked for again'],
    ['sw-precache-v3.js', 'asked for again'],
    ['app-cache-v3.js', 'asked for again'],
    ['photo-DSC_0042.jpg', 'asked for again'],
    ['team-HomePage.png', 'asked for again'],
    ['logo-BxK3j9aQ.svg', 'kept for ever'],
  ] as const) {
    test(`A41: ${name} is ${kind}`, () => {
      assert.equal(isHashed(`/assets/${name}`), kind === 'kept for ever')
    })
  }
})
