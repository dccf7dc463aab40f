import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bff } from '../bff.ts'
import type { RemoteRequest } from '../remote/remote-request.ts'
import { createFrontDoor, type FrontDoor } from './front-door.ts'
import { createNodeRemote, type NodeRemote } from './node-remote.ts'
import { sendResponse, toRequest } from './node-web.ts'
import { refuse } from './refuse.ts'
import { createTellAnswers, type TellAnswer } from './tell-answers.ts'

/** One frontend, on a Node server. */
export interface NodeDoor {
  readonly bff: Bff
  readonly frontDoor: FrontDoor
  readonly remote: NodeRemote
  readonly tellAnswer: TellAnswer
  isEndpoint(target: string): boolean
  answerEndpoint(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export interface NodeDoorDeps {
  readonly peerOf: (request: IncomingMessage) => string
  /** Headers that every answer has. */
  readonly more: Readonly<Record<string, string>>
  /** Takes work that may outlive the answer. */
  readonly background: (task: Promise<unknown>) => void
  readonly chunks?: RemoteRequest['chunks']
}

export function createNodeDoor(bff: Bff, deps: NodeDoorDeps): NodeDoor {
  const { peerOf, more, background, chunks } = deps
  const frontDoor = createFrontDoor(bff)
  return {
    bff,
    frontDoor,
    remote: createNodeRemote(bff.remote, peerOf, more, chunks),
    tellAnswer: createTellAnswers(bff, peerOf),
    isEndpoint: frontDoor.isEndpoint,
    async answerEndpoint(request, response) {
      const abort = new AbortController()
      response.once('close', () => {
        if (!response.writableFinished) abort.abort()
      })
      const web = toRequest(request, bff.settings.publicOrigin, abort.signal)
      if (!web) return refuse(response, 'bad_request', request.headers['x-request-id'])
      const info = { peerAddress: peerOf(request), background }
      await sendResponse(await bff.handle(web, request.url ?? '/', info), request, response)
    },
  }
}
