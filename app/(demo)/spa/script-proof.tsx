'use client'

import { createBff } from 'cloakroom/client'
import { useCallback, useEffect, useState } from 'react'
import { type Finding, lookForTokens } from './look-for-tokens.ts'
import styles from './script-proof.module.css'
import { type Attempt, tryAttacks } from './try-attacks.ts'

/** Runs, in this very page, what a script would run that somebody managed to inject. */
export function ScriptProof() {
  const [findings, setFindings] = useState<Finding[]>()
  const [attempts, setAttempts] = useState<Attempt[]>()

  const look = useCallback(async () => {
    setFindings(await lookForTokens((fetch) => createBff({ fetch }).user({ slide: false })))
  }, [])
  useEffect(() => void look(), [look])

  const clean = findings?.every((finding) => finding.clean)
  return (
    <section
      aria-labelledby="proof-title"
      className="card"
      data-testid="script-proof"
      data-clean={clean ?? 'pending'}
    >
      <h2 id="proof-title">What a script can see</h2>
      <p className="lead">
        This page has just searched itself the way an injected script would. No token is in the
        browser, so none can be taken.
      </p>
      <table className="facts">
        <caption className="hidden">Places searched for tokens</caption>
        <thead className="hidden">
          <tr>
            <th scope="col">Place</th>
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {(findings ?? []).map(({ place, found, clean: fine }) => (
            <tr key={place}>
              <th scope="row">
                <code>{place}</code>
              </th>
              <td className={fine ? styles.fine : styles.bad}>{found}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted">
        Such a script could still call the APIs while you are here. So the page’s policy lets no
        foreign script start, and sends nothing elsewhere.
      </p>
      <div className={styles.actions}>
        <button
          type="button"
          className="button quiet"
          data-testid="try-attacks"
          onClick={async () => setAttempts(await tryAttacks())}
        >
          Try to break in
        </button>
        <button type="button" className="button quiet" onClick={() => void look()}>
          Search again
        </button>
      </div>
      <div role="status">
        {attempts && (
          <ul className={styles.attempts}>
            {attempts.map(({ what, blocked }) => (
              <li key={what}>
                <span>{what}</span>
                <strong className={blocked ? styles.fine : styles.bad}>
                  {blocked ? 'blocked' : 'possible'}
                </strong>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}
