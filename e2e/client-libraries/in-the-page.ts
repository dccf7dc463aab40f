import { createTRPCClient, httpBatchStreamLink } from '@trpc/client'
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core'
import axios from 'axios'
import { createClient, type Sink } from 'graphql-ws'
import OpenAI from 'openai'
import { io } from 'socket.io-client'
import { Upload } from 'tus-js-client'
import type { Router } from './apis.ts'

/** What an app would write, with the settings that docs/client-libraries.md names and no others. */
const base = '/api/remote/libraries'
type Transport = 'polling' | 'websocket'
const goOn = () => fetch(`${base}/go-on`, { method: 'POST' })

const libraries = {
  async axios() {
    const api = axios.create({ baseURL: base })
    const { data } = await api.post('/echo', { text: 'Grüße' }, { params: { q: 'a b' } })
    const refused = await api.get('/nothing').catch((error) => error.response)
    return { data, refused: [refused.status, refused.data] }
  },

  async urql() {
    const client = new Client({
      url: `${base}/graphql`,
      preferGetMethod: false,
      exchanges: [cacheExchange, fetchExchange],
    })
    return (await client.query('{ hello }', {})).data
  },

  async subscriptions() {
    const sockets = createClient({ url: `${base}/graphql` })
    const client = new Client({
      url: `${base}/graphql`,
      preferGetMethod: false,
      exchanges: [
        subscriptionExchange({
          forwardSubscription: ({ query = '', variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: sockets.subscribe({ query, variables: variables ?? {} }, sink as Sink),
            }),
          }),
        }),
      ],
    })
    const numbers: number[] = []
    await new Promise<void>((resolve, reject) => {
      client.subscription('subscription { count }', {}).subscribe(({ data, error }) => {
        if (error) reject(error)
        numbers.push(data?.count)
        if (numbers.length === 1) goOn()
        else resolve()
      })
    })
    await sockets.dispose()
    return numbers
  },

  async trpc() {
    const client = createTRPCClient<Router>({
      links: [httpBatchStreamLink({ url: `${base}/trpc` })],
    })
    const [hello, count] = await Promise.all([client.hello.query(), client.count.query()])
    const numbers: number[] = []
    for await (const number of count) {
      numbers.push(number)
      if (number === 1) await goOn()
    }
    return { hello, numbers }
  },

  async socketIo(transport: Transport) {
    const socket = io(location.origin, { path: `${base}/socket.io/`, transports: [transport] })
    const welcome = await new Promise<ArrayBuffer>((resolve, reject) => {
      socket.on('welcome', resolve)
      socket.on('connect_error', reject)
    })
    const answer = await socket.timeout(10_000).emitWithAck('ask', 'Grüße')
    socket.disconnect()
    return { welcome: [...new Uint8Array(welcome)], answer }
  },

  /** Stops after the first part, as if the page was left, and goes on in what could be the next visit. */
  async tus() {
    const file = new File([new Uint8Array(300_000).map((_, index) => index % 251)], 'numbers')
    const options = { endpoint: `${base}/files`, chunkSize: 100_000, retryDelays: [0] }
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(file, {
        ...options,
        onError: reject,
        onChunkComplete: () => resolve(upload.abort()),
      })
      upload.start()
    })
    const address = await new Promise<string | null>((resolve, reject) => {
      const onSuccess = () => resolve(upload.url)
      const upload = new Upload(file, { ...options, onError: reject, onSuccess })
      upload.findPreviousUploads().then(([previous]) => {
        if (previous) upload.resumeFromPreviousUpload(previous)
        upload.start()
      })
    })
    const kept = new Uint8Array(await (await fetch(`${base}/files/1`)).arrayBuffer())
    const sent = new Uint8Array(await file.arrayBuffer())
    return { address, same: kept.length === sent.length && kept.every((it, i) => it === sent[i]) }
  },

  async openai() {
    const client = new OpenAI({
      baseURL: `${location.origin}${base}/v1`,
      apiKey: 'unused',
      dangerouslyAllowBrowser: true,
    })
    const stream = await client.chat.completions.create({
      model: 'any',
      messages: [{ role: 'user', content: 'Count.' }],
      stream: true,
    })
    let text = ''
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content
      if (text === '1 ') await goOn()
    }
    return text
  },
}

/** By a timer: see `open` in stack.ts. */
async function use(name: keyof typeof libraries, transport: Transport = 'polling') {
  await new Promise((resolve) => setTimeout(resolve))
  return libraries[name](transport)
}

Object.assign(window, { use })

export type Use = typeof use
