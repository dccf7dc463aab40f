import type { ServerResponse } from 'node:http'

const noBytes = Buffer.alloc(0)

/**
 * Node writes a head as Latin-1, a byte for each character (RFC 9110 section 5.5), but one that is flushed
 * before there is a body as UTF-8: each byte above 127 would become two. So it goes out with a body of no bytes.
 */
export function keepHeadBytes(response: ServerResponse): void {
  response.flushHeaders = flushAsBytes
}

function flushAsBytes(this: ServerResponse): void {
  if (!this.writableEnded && !this.destroyed) this.write(noBytes)
}
