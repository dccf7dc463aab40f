export interface Place {
  readonly url: URL
  readonly cookie: string
}

export const anyCookie = `__Host-Http-bff=${'s'.repeat(220)}`

export function placeOf(port: number, cookie: string | undefined): Place {
  const url = new URL(`http://127.0.0.1:${port}/api/remote/api/items?page=1`)
  return { url, cookie: cookie ?? anyCookie }
}

/** What a current browser sends with a fetch, cookie included. */
export function browserRequest(
  { url, cookie }: Place,
  method = 'GET',
  more: string[] = [],
): string {
  return [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Connection: keep-alive',
    'sec-ch-ua-platform: "Linux"',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Accept: application/json',
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
    'X-CSRF: 1',
    'sec-ch-ua-mobile: ?0',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: cors',
    'Sec-Fetch-Dest: empty',
    'Referer: https://app.example/orders',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-GB,en;q=0.9',
    `Cookie: ${cookie}`,
    ...more,
    '\r\n',
  ].join('\r\n')
}
