import { createHash } from 'node:crypto'

const printable = /^[\x20-\x7e]{8,}$/

/** The text that a value is only another spelling of: base64 or hex of something that somebody wrote. */
export function hiddenText(value: string): string | undefined {
  const isHex = /^(?:[0-9a-f]{2})+$/i.test(value)
  const text = Buffer.from(value, isHex ? 'hex' : 'base64').toString('latin1')
  return printable.test(text) ? text : undefined
}

// What people put into a hash when a form asks for something that looks random.
const hashed = [
  ...[
    '',
    '0',
    '1',
    '123',
    '1234',
    '12345',
    '123456',
    '12345678',
    '123456789',
    'a',
    'abc',
    'abc123',
  ],
  ...['admin', 'bff', 'changeme', 'cloakroom', 'cookie', 'default', 'demo', 'dev', 'foo', 'hello'],
  ...['hello world', 'key', 'letmein', 'master', 'oidc', 'pass', 'password', 'password1', 'prod'],
  ...['production', 'qwerty', 'root', 'secret', 'session', 'staging', 'test', 'test123', 'token'],
]

const digests = new Set(
  hashed
    .flatMap((word) => [word, `${word}\n`])
    .flatMap((text) =>
      ['md5', 'sha1', 'sha256', 'sha384', 'sha512'].map((algorithm) =>
        createHash(algorithm).update(text).digest(),
      ),
    )
    .flatMap((digest) => [digest.toString('hex'), digest.toString('base64').toLowerCase()]),
)

/** Whether a value is the digest, in hex or base64, of a word that is tried first. */
export function isDigestOfWord(value: string): boolean {
  return digests.has(value.toLowerCase())
}
