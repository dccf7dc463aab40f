import type { SignedIn } from 'cloakroom/client'
import { CallPanel } from './call-panel.tsx'
import { ClaimsTable } from './claims-table.tsx'
import { userCalls } from './remote-calls.ts'
import { ScriptProof } from './script-proof.tsx'
import { SessionTicket } from './session-ticket.tsx'

export function SignedInHome({
  user,
  remainingSeconds,
  refresh,
}: {
  user: SignedIn
  remainingSeconds: number | undefined
  refresh: () => Promise<void>
}) {
  return (
    <div data-testid="signed-in">
      <div className="hero split">
        <div>
          <h1>
            Good to see you, <span data-testid="user-name">{user.name || 'whoever you are'}</span>.
          </h1>
          <p>Your tokens hang in the cloakroom. This page holds a ticket that it cannot read.</p>
        </div>
        <SessionTicket user={user} remainingSeconds={remainingSeconds} />
      </div>
      <div className="columns">
        <CallPanel
          calls={userCalls}
          title="Call the APIs"
          lead="Each call goes to this origin. Cloakroom checks the ticket and forwards it with a fresh token."
          afterwards={refresh}
        />
        <div className="stack">
          <ScriptProof />
          <section aria-labelledby="claims-title" className="card">
            <h2 id="claims-title">Who you are</h2>
            <p className="lead">The claims that the settings let through to the browser.</p>
            <ClaimsTable claims={user.claims} />
          </section>
        </div>
      </div>
    </div>
  )
}
