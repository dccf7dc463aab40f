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
            <div className={styles.row}>
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
            </div>
            {answer.kind !== 'none' && answer.call === each && (
              <AnswerView answer={answer} stop={stop} />
            )}
          </li>
        ))}
      </ul>
      {/* One region that stays: what is new in it is read out, wherever the answer stands. */}
      <p className="hidden" role="status">
        {answer.kind !== 'none' && `${answer.call.title}: ${summary(answer)}`}
      </p>
    </section>
  )
}

type ShownAnswer = Exclude<Answer, { kind: 'none' }>

function AnswerView({ answer, stop }: { answer: ShownAnswer; stop: () => void }) {
  const answered = answer.kind === 'answered' ? answer : undefined
  const ok = answered !== undefined && answered.status >= 200 && answered.status < 300
  return (
    <div
      className={styles.answer}
      data-testid="answer"
      data-status={answered?.status ?? 'pending'}
      data-ok={ok}
    >
      <p className={styles.summary}>{summary(answer)}</p>
      {answered && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard.
        <section className={styles.body} tabIndex={0} aria-label="Body of the answer">
          <pre>{answered.text}</pre>
        </section>
      )}
      {answered?.streaming && (
        <button type="button" className="button quiet" data-testid="stop-stream" onClick={stop}>
          Stop the stream
        </button>
      )}
      {answered?.loginUrl && (
        <a className="button" data-testid="follow-login" href={answered.loginUrl}>
          {answer.call.id === 'step-up' ? 'Sign in more strongly' : 'Sign in and come back'}
        </a>
      )}
    </div>
  )
}

function summary(answer: ShownAnswer): string {
  if (answer.kind === 'pending') return 'waiting…'
  const { status, milliseconds } = answer
  return status === 0 ? 'no answer' : `${status} in ${milliseconds.toLocaleString('en')} ms`
}
