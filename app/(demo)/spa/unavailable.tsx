import type { SignedIn, UnavailableError } from 'cloakroom/client'

export function Unavailable({
  error,
  user,
  refresh,
}: {
  error: UnavailableError
  user: SignedIn | undefined
  refresh: () => Promise<void>
}) {
  return (
    <div className="message" role="alert" data-testid="unavailable">
      <p className="eyebrow">Not available right now</p>
      <h1>The cloakroom does not answer.</h1>
      <p>
        {user ? `You have not been signed out, ${user.name}. ` : ''}
        This page tries again by itself.
      </p>
      <p>
        <button type="button" className="button" onClick={() => void refresh()}>
          Try now
        </button>
      </p>
      <p className="muted">
        <code>{error.code}</code>
        {error.requestId && (
          <>
            {' '}
            · request <code>{error.requestId}</code>
          </>
        )}
      </p>
    </div>
  )
}
