type Send<Init> = (url: string, init: Init) => Promise<Response>

/** One redirect on the same origin: some providers answer at an address with another spelling. */
export function followingOnce<Init>(send: Send<Init>): Send<Init> {
  return async (url, init) => {
    const response = await send(url, init)
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response
    const to = URL.canParse(location, url) ? new URL(location, url) : undefined
    return to?.origin === new URL(url).origin ? send(to.href, init) : response
  }
}
