import { useCallback, useEffect, useRef, useState } from 'react'
import { type Answer, makeCall, type RemoteCall } from './remote-calls.ts'

/** The latest call's answer. A new call, or leaving the page, cancels the one that is under way. */
export function useCall(afterwards: () => Promise<void>) {
  const [answer, setAnswer] = useState<Answer>({ kind: 'none' })
  const abort = useRef<AbortController | undefined>(undefined)

  const stop = useCallback(() => {
    abort.current?.abort()
    setAnswer((shown) => (shown.kind === 'answered' ? { ...shown, streaming: false } : shown))
  }, [])

  const call = useCallback(
    async (remote: RemoteCall) => {
      abort.current?.abort()
      const controller = new AbortController()
      abort.current = controller
      await makeCall(remote, controller.signal, (next) => {
        if (!controller.signal.aborted) setAnswer(next)
      })
      await afterwards()
    },
    [afterwards],
  )

  useEffect(() => () => abort.current?.abort(), [])
  return { answer, call, stop }
}
