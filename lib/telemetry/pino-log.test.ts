import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createPinoLog } from './pino-log.ts'

function recorded(level: 'debug' | 'info' = 'debug') {
  const lines: string[] = []
  const log = createPinoLog({ level, destination: { write: (line) => void lines.push(line) } })
  return { log, lines, line: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
}

function loggedCause(cause: unknown): string {
  const { log, lines } = recorded()
  log.event('unexpected.error', { where: 'test', cause })
  return lines.join('')
}

describe('A3: the log is JSON lines from the catalogue', () => {
  test('a line has level, time, event and the fields of the event', () => {
    const { log, line } = recorded()
    log.event('store.recovered', { store: 'redis', downMs: 40 })
    const { time, ...rest } = line()
    assert.deepEqual(rest, { level: 'warn', event: 'store.recovered', store: 'redis', downMs: 40 })
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('an event below the level is not written', () => {
    const { log, lines } = recorded('info')
    log.event('lease.lost', { what: 'refresh' })
    log.event('token.refreshed', { sub: 'ada', waitedMs: 0 })
    assert.equal(lines.length, 1)
  })

  test('a cause is name, code and message, and so is what caused it', () => {
    const root = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const cause = Object.assign(new TypeError('fetch failed', { cause: root }), { status: 503 })
    const { log, line } = recorded()
    log.event('store.unavailable', { store: 'redis', cause })
    assert.deepEqual(line().cause, {
      name: 'TypeError',
      message: 'fetch failed',
      status: 503,
      cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
    })
  })

  test('an OAuth error shows its code, never its description, body or response', () => {
    const cause = Object.assign(new Error('server responded with an error in the response body'), {
      name: 'ResponseBodyError',
      code: 'OAUTH_RESPONSE_BODY_ERROR',
      error: 'invalid_grant',
      error_description: 'a marked text',
      status: 400,
      cause: { error: 'invalid_grant', error_description: 'a marked text' },
      response: new Response('a marked text', { headers: { 'x-a': 'a marked text' } }),
    })
    const text = loggedCause(cause)
    assert.match(text, /"code":"OAUTH_RESPONSE_BODY_ERROR".*"error":"invalid_grant","status":400/)
    assert.doesNotMatch(text, /marked/)
  })

  test('a cause of an error is followed only if it is an error too', () => {
    for (const cause of ['a marked text', { message: 'a marked text' }, ['a marked text']]) {
      assert.doesNotMatch(loggedCause(new Error('outer', { cause })), /marked|"cause":.*"cause":/)
    }
  })

  test('what could not be parsed is not quoted', () => {
    try {
      JSON.parse('hunter2')
      assert.fail('parsed')
    } catch (error) {
      assert.doesNotMatch(loggedCause(error), /hunter2/)
    }
  })

  test('a cause that hurts to look at is survived', () => {
    const circular = new Error('round')
    circular.cause = circular
    const trap = new Proxy(new Error('trap'), {
      get: () => {
        throw new Error('no')
      },
    })
    for (const cause of [circular, trap, null, undefined, 7, Symbol('s'), () => 1, { a: 1n }]) {
      assert.match(loggedCause(cause), /"event":"unexpected.error"/)
    }
    assert.ok(loggedCause(circular).length < 1500)
  })
})

/** A secret as products make them, and a piece of it that must not be found anywhere. */
const base64url = fc
  .uint8Array({ minLength: 32, maxLength: 48 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
  // All letters of one case are beyond any rule; random text is never like that.
  .filter((text) => /\d/.test(text) && /[A-Za-z]/.test(text))
const word = fc.stringMatching(/^[a-z0-9]{8,16}$/)
const secret = fc.oneof(
  base64url.map((token) => ({ text: token, mark: token.slice(8, 24) })),
  base64url.map((part) => ({ text: `eyJhbGciOiJub25lIn0.eyJ${part}.`, mark: part })),
  fc
    .tuple(fc.constantFrom('code', 'state', 'id_token', 'client_secret', 'code_verifier'), word)
    .map(([name, value]) => ({ text: `x?${name}=${value}&y=z`, mark: value })),
  fc
    .tuple(word, word)
    .map(([name, value]) => ({ text: `Cookie: a=${name}; b=${value}`, mark: value })),
  word.map((value) => ({ text: `Authorization: Bearer ${value}`, mark: value })),
  word.map((value) => ({ text: `{"refresh_token":"${value}"}`, mark: value })),
)

/** Every place of a thrown thing that a secret may stand in. */
const places: Record<string, (text: string) => unknown> = {
  'the thrown string': (text) => text,
  'the message': (text) => new Error(`before ${text} after`),
  'the message of a cause': (text) => new Error('outer', { cause: new Error(text) }),
  'the name': (text) => Object.assign(new Error('x'), { name: text }),
  'the code': (text) => Object.assign(new Error('x'), { code: text }),
  'the OAuth error': (text) => Object.assign(new Error('x'), { error: text }),
  'the description': (text) => Object.assign(new Error('x'), { error_description: text }),
  'an aggregate': (text) => new AggregateError([new Error(text), { text }, text], text),
  'a cause that is a body': (text) => new Error('x', { cause: { body: { access_token: text } } }),
  'a cause that is text': (text) => new Error('x', { cause: text }),
  'a response': (text) => new Error('x', { cause: new Response(text, { status: 400 }) }),
  'the stack': (text) => Object.assign(new Error('x'), { stack: `Error: ${text}\n at ${text}` }),
  toJSON: (text) => Object.assign(new Error('x'), { toJSON: () => text }),
  'a plain object': (text) => ({ message: text, name: text, cause: new Error(text) }),
  'a class name': (text) => ({ constructor: { name: text } }),
}

describe('A3: a secret in a cause never comes out', () => {
  for (const [place, make] of Object.entries(places)) {
    test(`in ${place}`, () => {
      fc.assert(
        fc.property(secret, ({ text, mark }) => {
          assert.ok(!loggedCause(make(text)).includes(mark))
        }),
      )
    })
  }
})
