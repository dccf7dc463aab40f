/** How a silent sign-in ended. `timeout`: the provider showed a page of its own, or nothing came. */
export type SilentLoginResult = 'signed-in' | 'anonymous' | 'timeout'

/** The part of a browser page that a silent sign-in needs; tests pass their own. */
export interface SilentLoginPage {
  readonly origin: string
  /** Opens an invisible frame and answers its window, for comparison only, and how to remove it. */
  openFrame(url: string): { readonly source: unknown; remove(): void }
  onMessage(listener: (message: FrameMessage) => void): () => void
}

export interface FrameMessage {
  readonly origin: string
  readonly source: unknown
  readonly data: unknown
}

/**
 * Signs in without a visible page when the provider still knows the person (OpenID Connect Core
 * section 3.1.2.1, `prompt=none`). The frame is removed in every case.
 */
export function silentLogin(
  url: string,
  timeoutMs: number,
  page: SilentLoginPage = browserPage(),
): Promise<SilentLoginResult> {
  return new Promise((resolve) => {
    let frame: ReturnType<SilentLoginPage['openFrame']> | undefined
    const stopListening = page.onMessage((message) => {
      // Any window can post here: believe our own origin only, and only the frame that we opened.
      if (message.origin !== page.origin || message.source !== frame?.source) return
      const isLoggedIn = answerOf(message.data)
      if (isLoggedIn !== undefined) finish(isLoggedIn ? 'signed-in' : 'anonymous')
    })
    const timer = setTimeout(() => finish('timeout'), timeoutMs)
    const finish = (result: SilentLoginResult) => {
      clearTimeout(timer)
      stopListening()
      frame?.remove()
      resolve(result)
    }
    frame = page.openFrame(url)
  })
}

function answerOf(data: unknown): boolean | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { source, isLoggedIn } = data as { source?: unknown; isLoggedIn?: unknown }
  return source === 'bff-silent-login' && typeof isLoggedIn === 'boolean' ? isLoggedIn : undefined
}

function browserPage(): SilentLoginPage {
  return {
    origin: window.location.origin,
    openFrame(url) {
      const frame = document.createElement('iframe')
      frame.hidden = true
      frame.title = 'Silent sign-in'
      frame.src = url
      document.body.append(frame)
      return { source: frame.contentWindow, remove: () => frame.remove() }
    },
    onMessage(listener) {
      window.addEventListener('message', listener)
      return () => window.removeEventListener('message', listener)
    },
  }
}
