import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { type FrameMessage, type SilentLoginPage, silentLogin } from './silent-login.ts'

function openPage() {
  const frame = { window: {}, url: '', open: false }
  const listeners = new Set<(message: FrameMessage) => void>()
  const page: SilentLoginPage = {
    origin: 'https://app.example',
    openFrame(url) {
      Object.assign(frame, { url, open: true })
      return {
        source: frame.window,
        remove: () => {
          frame.open = false
        },
      }
    },
    onMessage(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const post = (message: Partial<FrameMessage>) => {
    const full = { origin: page.origin, source: frame.window, data: undefined, ...message }
    for (const listener of [...listeners]) listener(full)
  }
  return { page, frame, listeners, post }
}

const answer = (isLoggedIn: unknown) => ({ data: { source: 'bff-silent-login', isLoggedIn } })

describe('bff.silentLogin', () => {
  test('answers what the frame posts, and removes the frame', async () => {
    for (const [isLoggedIn, result] of [
      [true, 'signed-in'],
      [false, 'anonymous'],
    ] as const) {
      const { page, frame, listeners, post } = openPage()
      const done = silentLogin('/bff/silent-login', 1000, page)
      assert.equal(frame.url, '/bff/silent-login')
      post(answer(isLoggedIn))
      assert.equal(await done, result)
      assert.equal(frame.open, false)
      assert.equal(listeners.size, 0)
    }
  })

  test('believes neither another origin, another window, nor another message', async () => {
    const { page, post } = openPage()
    const done = silentLogin('/bff/silent-login', 1000, page)
    post({ ...answer(true), origin: 'https://evil.example' })
    post({ ...answer(true), source: {} })
    post({ data: { source: 'react-devtools', isLoggedIn: true } })
    post(answer('true'))
    post({ data: null })
    post(answer(false))
    assert.equal(await done, 'anonymous')
  })

  test('O5: a provider that shows its login page instead ends in a timeout, not in a hang', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const { page, frame, listeners } = openPage()
      const done = silentLogin('/bff/silent-login', 10_000, page)
      mock.timers.tick(10_000)
      assert.equal(await done, 'timeout')
      assert.equal(frame.open, false)
      assert.equal(listeners.size, 0)
    } finally {
      mock.timers.reset()
    }
  })
})
