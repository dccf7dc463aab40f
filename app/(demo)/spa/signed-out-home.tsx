import { CallPanel } from './call-panel.tsx'
import { ordersCall, publicCall } from './remote-calls.ts'
import { SampleTicket } from './sample-ticket.tsx'
import { SignInLink } from './sign-in-link.tsx'
import styles from './signed-out-home.module.css'

export function SignedOutHome({ refresh }: { refresh: () => Promise<void> }) {
  return (
    <div data-testid="signed-out">
      <div className="hero split">
        <div>
          <h1>Leave your tokens at the door.</h1>
          <p>
            Cloakroom signs people in, keeps their tokens on the server, and hands the browser a
            ticket: a cookie that no script can read.
          </p>
          <p>
            <SignInLink />
          </p>
        </div>
        <div className={styles.sample}>
          <SampleTicket />
        </div>
      </div>
      <ol className={styles.way} aria-label="How a call travels">
        <li>
          <strong>This page</strong>
          <span>holds a ticket it cannot read, and calls its own origin.</span>
        </li>
        <li>
          <strong>Cloakroom</strong>
          <span>keeps the tokens, renews them, and checks every call.</span>
        </li>
        <li>
          <strong>Your APIs</strong>
          <span>get each call with a fresh token, as they always did.</span>
        </li>
      </ol>
      <CallPanel
        calls={[publicCall, ordersCall]}
        title="Try it without a ticket"
        lead="The public API answers. The other one is not even asked: Cloakroom says 401 by itself."
        afterwards={refresh}
      />
    </div>
  )
}
