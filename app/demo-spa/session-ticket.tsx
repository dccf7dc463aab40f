'use client'

import { useState } from 'react'
import type { SignedIn } from '#client/bff.ts'
import styles from './session-ticket.module.css'

const warnAtSeconds = 60

/** What the browser holds: a ticket, and the time that it is good for. */
export function SessionTicket({
  user,
  remainingSeconds,
}: {
  user: SignedIn
  remainingSeconds: number | undefined
}) {
  const [fullSeconds, setFullSeconds] = useState(remainingSeconds ?? 0)
  if (remainingSeconds !== undefined && remainingSeconds > fullSeconds) {
    setFullSeconds(remainingSeconds)
  }
  const email = user.claims.find((claim) => claim.type === 'email')?.value
  const soon = remainingSeconds !== undefined && remainingSeconds <= warnAtSeconds
  return (
    <section className={styles.ticket} aria-labelledby="ticket-title">
      <div className={styles.holder}>
        <h2 id="ticket-title" className="eyebrow">
          Your ticket
        </h2>
        <p className={styles.name}>{user.name || 'Signed in'}</p>
        {typeof email === 'string' && email !== user.name && <p className="muted">{email}</p>}
      </div>
      <div className={styles.stub}>
        <p className={styles.time} data-testid="session-remaining">
          {remainingSeconds === undefined ? 'open' : clock(remainingSeconds)}
        </p>
        <p className="muted">left, if you do nothing</p>
      </div>
      {remainingSeconds !== undefined && (
        <progress
          className={styles.bar}
          aria-label="Time left in the session"
          max={Math.max(1, fullSeconds)}
          value={remainingSeconds}
        />
      )}
      <p className="hidden" role="status">
        {soon ? 'Your session ends in less than a minute.' : ''}
      </p>
    </section>
  )
}

function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${two(minutes)}:${two(seconds % 60)}`
}
