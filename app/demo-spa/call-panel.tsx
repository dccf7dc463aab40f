'use client'

import styles from './call-panel.module.css'
import type { Answer, RemoteCall } from './remote-calls.ts'
import { useCall } from './use-call.ts'

interface CallPanelProps {
  calls: readonly RemoteCall[]
  title: string
  lead: string
  /** Runs after each call; its session may have been extended, or have ended. */
  afterwards: () => Promise<void>
}

export function CallPanel({ calls, title, lead, afterwards }: CallPanelProps) {
  const { answer, call, stop } = useCall(afterwards)
  return (
    <section aria-labelledby="calls-title" className="card">
      <h2 id="calls-title">{title}</h2>
      <p className="lead">{lead}</p>
      <ul className={styles.calls}>
        {calls.map((each) => (
          <li key={each.id}>
            <div className={styles.what}>
              <strong>{each.title}</strong>
              <span>{each.detail}</span>
              <code>
                {each.method} {each.path}
              </code>
            </div>
            <button
              type="button"
              className="button quiet"
              data-testid={`call-${each.id}`}
              aria-label={`Call ${each.title}`}
              aria-busy={answer.kind === 'pending' && answer.call === each}
              onClick={() => void call(each)}
            >
              Call
            </button>
          </li>
        ))}
      </ul>
      <AnswerView answer={answer} stop={stop} />
    </section>
  )
}

function AnswerView({ answer, stop }: { answer: Answer; stop: () => void }) {
  const status = answer.kind === 'answered' ? answer.status : answer.kind
  const ok = answer.kind === 'answered' && answer.status >= 200 && answer.status < 300
  return (
    <div className={styles.answer} data-testid="answer" data-status={status} data-ok={ok}>
      <p className={styles.summary} role="status">
        {summary(answer)}
      </p>
      {answer.kind === 'answered' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard.
        <section className={styles.body} tabIndex={0} aria-label="Body of the answer">
          <pre>{answer.text}</pre>
        </section>
      )}
      {answer.kind === 'answered' && answer.streaming && (
        <button type="button" className="button quiet" data-testid="stop-stream" onClick={stop}>
          Stop the stream
        </button>
      )}
      {answer.kind === 'answered' && answer.loginUrl && (
        <a className="button" data-testid="follow-login" href={answer.loginUrl}>
          {answer.call.id === 'step-up' ? 'Sign in more strongly' : 'Sign in and come back'}
        </a>
      )}
    </div>
  )
}

function summary(answer: Answer): string {
  if (answer.kind === 'none') return 'The answer appears here.'
  if (answer.kind === 'pending') return `${answer.call.title}: waiting…`
  const { call, status, milliseconds } = answer
  return status === 0
    ? `${call.title}: no answer`
    : `${call.title}: ${status} in ${milliseconds.toLocaleString('en')} ms`
}
