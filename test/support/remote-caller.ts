import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import type { AnswerSink } from '#lib/remote/remote-request.ts'
import type { RemoteFixture } from './remote-fixture.ts'

/** A call as a host hands it over, from any address. */
export class Caller extends EventEmitter implements AnswerSink {
  status = 0
  headers: string[] = []
  body = ''
  readonly source: Readable

  constructor(
    fixture: RemoteFixture,
    { from = '203.0.113.1', user = '', lines = [] as string[], method = 'GET', remote = 'api' },
  ) {
    super()
    this.source = new Readable({ read() {} })
    const cookie = user === '' ? [] : ['cookie', `sid=${user}`]
    fixture.remote.handle({
      method,
      target: `/api/remote/${remote}/x`,
      rawHeaders: ['sec-fetch-site', 'same-origin', ...cookie, ...lines],
      body: this.source,
      peerAddress: from,
      sink: this,
    })
  }
  get code(): string | undefined {
    return this.body === '' ? undefined : JSON.parse(this.body).code
  }
  writeContinue() {}
  flushHeaders() {}
  writeHead(status: number, headers: string[]) {
    this.status = status
    this.headers = headers
  }
  write() {
    return true
  }
  end(chunk?: Buffer | string) {
    this.body = String(chunk ?? '')
    setImmediate(() => this.emit('close'))
  }
  destroy() {
    this.source.destroy()
    this.emit('close')
  }
}
