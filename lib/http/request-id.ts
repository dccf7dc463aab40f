import { randomUUID } from 'node:crypto'

const saneId = /^[A-Za-z0-9._:-]{8,128}$/

/** The id of a request: the caller's `X-Request-Id` if it is sane, else a new random one. */
export function requestId(incoming: string | undefined): string {
  return incoming !== undefined && saneId.test(incoming) ? incoming : randomUUID()
}
