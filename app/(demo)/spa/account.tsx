'use client'

import { useSession } from 'cloakroom/react'
import type { ReactNode } from 'react'
import { ClaimsTable } from './claims-table.tsx'
import { SessionTicket } from './session-ticket.tsx'
import { SignInFirst } from './sign-in-first.tsx'
import { Unavailable } from './unavailable.tsx'

/** `children`: what the server made for whoever is signed in. */
export function Account({ children }: { children?: ReactNode }) {
  const session = useSession()
  if (session.status === 'anonymous') return <SignInFirst />
  if (session.status === 'unavailable') return <Unavailable {...session} />
  return (
    <div data-testid="account-page">
      <div className="hero">
        <h1>Your account</h1>
        <p>
          This page is behind the gate: without a session the server leads to the sign-in first, and
          then back to exactly here.
        </p>
      </div>
      {session.status === 'loading' && <p className="loading">One moment…</p>}
      {session.status === 'signed-in' && (
        <div className="stack narrow">
          <SessionTicket user={session.user} remainingSeconds={session.remainingSeconds} />
          <section className="card" aria-labelledby="claims-title">
            <h2 id="claims-title">Who you are</h2>
            <ClaimsTable claims={session.user.claims} />
          </section>
          {children}
        </div>
      )}
    </div>
  )
}
