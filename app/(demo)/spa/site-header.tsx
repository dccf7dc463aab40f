'use client'

import { bff } from 'cloakroom/client'
import { useSession } from 'cloakroom/react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { useState } from 'react'
import styles from './site-header.module.css'

export function SiteHeader() {
  const session = useSession()
  const here = usePathname()
  const current = (path: string) => (here === path ? ({ 'aria-current': 'page' } as const) : {})
  return (
    <header className={styles.header}>
      <Link className={styles.mark} href="/" {...current('/')}>
        <svg aria-hidden="true" viewBox="0 0 32 22" width="29" height="20">
          <path d="M3 1h26a2 2 0 0 1 2 2v4.2a3.9 3.9 0 0 0 0 7.6V19a2 2 0 0 1-2 2H3a2 2 0 0 1-2-2v-4.2a3.9 3.9 0 0 0 0-7.6V3a2 2 0 0 1 2-2z" />
          <path d="M21 5.5v.01M21 11v.01M21 16.5v.01" />
        </svg>
        Cloakroom
      </Link>
      <nav aria-label="Pages">
        <Link href="/account" prefetch={false} {...current('/account')}>
          Account
        </Link>
      </nav>
      {session.status === 'signed-in' && <SignOut />}
    </header>
  )
}

function SignOut() {
  const [state, setState] = useState<'idle' | 'leaving' | 'failed'>('idle')
  const signOut = async () => {
    setState('leaving')
    await bff.logout().catch(() => setState('failed'))
  }
  return (
    <>
      <button
        type="button"
        className="button quiet"
        data-testid="sign-out"
        disabled={state === 'leaving'}
        onClick={() => void signOut()}
      >
        Sign out
      </button>
      <p className={styles.problem} role="alert">
        {state === 'failed' && 'That did not work. You are still signed in; please try again.'}
      </p>
    </>
  )
}
