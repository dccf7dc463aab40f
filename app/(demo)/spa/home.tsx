'use client'

import { useSession } from 'cloakroom/react'
import { SignedInHome } from './signed-in-home.tsx'
import { SignedOutHome } from './signed-out-home.tsx'
import { Unavailable } from './unavailable.tsx'

const endings = {
  elsewhere: 'You were signed out in another tab, or by the sign-in service.',
  expired: 'Your session has ended because its time was up.',
}

export function Home() {
  const session = useSession()
  const ended = session.status === 'anonymous' ? session.ended : undefined
  return (
    <>
      <p className="notice" role="status" data-testid="session-notice">
        {ended && endings[ended]}
      </p>
      {session.status === 'loading' && (
        <p className="loading" aria-busy="true">
          One moment…
        </p>
      )}
      {session.status === 'anonymous' && <SignedOutHome refresh={session.refresh} />}
      {session.status === 'signed-in' && (
        <SignedInHome
          user={session.user}
          remainingSeconds={session.remainingSeconds}
          refresh={session.refresh}
        />
      )}
      {session.status === 'unavailable' && <Unavailable {...session} />}
    </>
  )
}
