'use client'

import { usePathname } from 'next/navigation'
import { SignInLink } from './sign-in-link.tsx'

/** In place of a page that is for signed-in people. A link, not a redirect, so that it cannot loop. */
export function SignInFirst() {
  return (
    <div className="message" data-testid="sign-in-first">
      <h1>Please sign in first.</h1>
      <p>This page is for people with a ticket. Signing in brings you back here.</p>
      <p>
        <SignInLink returnUrl={usePathname()} />
      </p>
    </div>
  )
}
