/** The same answer; `onEnd` is told how many bytes its body had, when the last one went or nobody reads on. */
export function countBody(response: Response, onEnd: (bytes: number) => void): Response {
  const { body, status, statusText, headers } = response
  if (body === null) {
    onEnd(0)
    return response
  }
  let bytes = 0
  const reader = body.getReader()
  const counted = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) {
            controller.close()
            onEnd(bytes)
            return
          }
          bytes += value.length
          controller.enqueue(value)
        } catch (cause) {
          onEnd(bytes)
          throw cause
        }
      },
      cancel(reason) {
        onEnd(bytes)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(counted, { status, statusText, headers })
}
