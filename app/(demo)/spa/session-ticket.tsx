'use client'

import type { SignedIn } from 'cloakroom/client'
import { useState } from 'react'
import styles from './session-ticket.module.css'
import { Ticket } from './ticket.tsx'

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
    <section aria-labelledby="ticket-title">
      <Ticket
        stub={
          <>
            <p className={styles.time} data-testid="session-remaining">
              {remainingSeconds === undefined ? 'open' : clock(remainingSeconds)}
            </p>
            <p className={styles.small}>left, if you do nothing</p>
          </>
        }
      >
        <h2 id="ticket-title" className={styles.small}>
          Your ticket
        </h2>
        <p className={styles.name}>{user.name || 'Signed in'}</p>
        {typeof email === 'string' && email !== user.name && (
          <p className={styles.small}>{email}</p>
        )}
        {remainingSeconds !== undefined && (
          <progress
            className={styles.bar}
            aria-label="Time left in the session"
            max={Math.max(1, fullSeconds)}
            value={remainingSeconds}
          />
        )}
      </Ticket>
      <p className="hidden" role="status">
        {soon && 'Your session ends in less than a minute.'}
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
