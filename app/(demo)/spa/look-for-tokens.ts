/** One place where an injected script would look, and what it finds there. */
export interface Finding {
  readonly place: string
  readonly found: string
  /** Nothing there could be used as a credential. */
  readonly clean: boolean
}

const jwt = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/
const named = /"(access|refresh|id)_token"\s*:\s*"/

/** True if the text holds something that looks like a token. */
export function holdsToken(text: string): boolean {
  return jwt.test(text) || named.test(text)
}

/** Makes the page talk to its server through the given `fetch`. */
export type CallThrough = (listen: typeof fetch) => Promise<unknown>

/** Looks, now and in this page, wherever a script can look. */
export async function lookForTokens(call: CallThrough): Promise<Finding[]> {
  return [
    lookAtCookies(document.cookie),
    lookAtStorage('localStorage', localStorage),
    lookAtStorage('sessionStorage', sessionStorage),
    await lookAtDatabases(),
    await listenToCall(call),
    lookAtPage(),
  ]
}

function lookAtCookies(cookies: string): Finding {
  const names = cookies
    .split('; ')
    .filter(Boolean)
    .map((each) => each.split('=')[0])
  const clean = !holdsToken(cookies) && !names.some((name) => /(^|-)bff(-\d+)?$/.test(name ?? ''))
  const others = `${names.length} of other apps: ${names.join(', ')}`
  return { place: 'document.cookie', found: names.length === 0 ? 'empty' : others, clean }
}

function lookAtStorage(place: string, storage: Storage): Finding {
  const names = Object.keys(storage)
  const clean = !names.some((name) => holdsToken(`${name} ${storage.getItem(name)}`))
  return { place, found: names.length === 0 ? 'empty' : `no token in ${names.join(', ')}`, clean }
}

async function lookAtDatabases(): Promise<Finding> {
  const place = 'indexedDB, caches'
  try {
    const names = (await indexedDB.databases()).map((each) => each.name)
    const caches = 'caches' in window ? await window.caches.keys() : []
    const count = names.length + caches.length
    return { place, found: count === 0 ? 'empty' : `${count} there`, clean: count === 0 }
  } catch {
    return { place, found: 'closed to scripts here', clean: true }
  }
}

/**
 * What the classic token thief does: stand in for `fetch`, and read what is sent and received. Only
 * for one call of its own: in the way of the page's other calls it would hold up their streams.
 */
async function listenToCall(call: CallThrough): Promise<Finding> {
  const heard: string[] = []
  const headersOf = (headers: HeadersInit | undefined) =>
    [...new Headers(headers)].map(([name, value]) => `${name}: ${value}`)
  const listen: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const text = await response.clone().text()
    heard.push(...headersOf(init?.headers), ...headersOf(response.headers), text)
    return response
  }
  await call(listen).catch(() => undefined)
  const stolen = heard.some((each) => /^(authorization|cookie|set-cookie):/i.test(each))
  const clean = !stolen && !heard.some(holdsToken)
  return { place: 'a hooked fetch()', found: clean ? 'no credential in or out' : 'a token', clean }
}

function lookAtPage(): Finding {
  const globals = Object.getOwnPropertyNames(window).map((name) => textOf(name))
  const text = [
    document.documentElement.outerHTML,
    JSON.stringify(history.state),
    ...globals,
  ].join()
  const clean = !holdsToken(text)
  const size = `${Math.round(text.length / 1000).toLocaleString('en')} kB`
  return { place: 'page and globals', found: `${clean ? 'no token' : 'a token'} in ${size}`, clean }
}

function textOf(name: string): string {
  try {
    const value: unknown = Reflect.get(window, name)
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  } catch {
    return ''
  }
}
