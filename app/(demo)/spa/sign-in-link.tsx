import { bff } from 'cloakroom/client'

/** A plain link, never a prefetched one: a sign-in starts when somebody means it. */
export function SignInLink({ returnUrl }: { returnUrl?: string }) {
  return (
    <a
      className="button"
      data-testid="sign-in"
      href={bff.loginUrl(returnUrl === undefined ? {} : { returnUrl })}
    >
      Sign in
    </a>
  )
}
