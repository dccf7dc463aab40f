/** A request that nobody sent, if a body is taken for more than one message. */
const hidden = 'GET /api/remote/api/smuggled HTTP/1.1\r\nHost: localhost\r\nX-CSRF: 1\r\n\r\n'

const endOfChunks = `0\r\n\r\n${hidden}`
const oneChunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`

/** Header lines and body of requests whose end two readers may see in two places. */
export const ambiguous: Readonly<Record<string, { headers: string[]; body: string }>> = {
  'both framings, CL longer': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'Transfer-Encoding: chunked'],
    body: endOfChunks,
  },
  'both framings, CL shorter': {
    headers: ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    body: oneChunk,
  },
  'unequal lengths': {
    headers: ['Content-Length: 5', `Content-Length: ${endOfChunks.length}`],
    body: endOfChunks,
  },
  'a list of lengths': {
    headers: [`Content-Length: ${endOfChunks.length}, 5`],
    body: endOfChunks,
  },
  ...Object.fromEntries(
    [
      'xchunked',
      'chunked, identity',
      'identity, chunked',
      'gzip, chunked',
      '\u000bchunked',
      'chunked\u0000',
      '"chunked"',
      'CHUNKED ,',
    ].map((coding) => [
      `coding ${JSON.stringify(coding)} beside a length`,
      {
        headers: [`Content-Length: ${endOfChunks.length}`, `Transfer-Encoding: ${coding}`],
        body: endOfChunks,
      },
    ]),
  ),
  'a coding on a folded line': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'Transfer-Encoding:\r\n chunked'],
    body: endOfChunks,
  },
  'a coding behind a blank before the colon': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'Transfer-Encoding : chunked'],
    body: endOfChunks,
  },
  'a coding behind a bare line feed': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'X-A: 1\nTransfer-Encoding: chunked'],
    body: endOfChunks,
  },
  'a coding behind a bare carriage return': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'X-A: 1\rTransfer-Encoding: chunked'],
    body: endOfChunks,
  },
  'an underscore for a hyphen': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'Transfer_Encoding: chunked'],
    body: endOfChunks,
  },
  ...Object.fromEntries(
    ['+5', '-1', '0x5', '5 ', ' 5 5', '1e1', '', '99999999999999999999'].map((length) => [
      `a length of ${JSON.stringify(length)}`,
      { headers: [`Content-Length: ${length}`, 'X-A: 1'], body: oneChunk.slice(0, 3) },
    ]),
  ),
  'a line feed in a chunk extension': {
    headers: ['Transfer-Encoding: chunked'],
    body: `5;a\n0\r\nhello\r\n${oneChunk}`,
  },
  'a long chunk extension': {
    headers: ['Transfer-Encoding: chunked'],
    body: `${hidden.length.toString(16)};a=${'b'.repeat(8000)}\r\n${hidden}\r\n0;c\r\n\r\n`,
  },
  'chunks that end in bare line feeds': {
    headers: ['Transfer-Encoding: chunked'],
    body: `5\nhello\n0\n\n${hidden}`,
  },
  'a chunk that is longer than it says': {
    headers: ['Transfer-Encoding: chunked'],
    body: `3\r\nhello\r\n0\r\n\r\n${hidden}`,
  },
  'a chunk size that overflows': {
    headers: ['Transfer-Encoding: chunked'],
    body: `ffffffffffffffff1\r\n${hidden}`,
  },
  'framing in a trailer': {
    headers: ['Transfer-Encoding: chunked', 'Trailer: Content-Length'],
    body: `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\nContent-Length: 5\r\n\r\n`,
  },
  'framing named by Connection': {
    headers: [`Content-Length: ${endOfChunks.length}`, 'Connection: Content-Length'],
    body: endOfChunks,
  },
}
