'use client'

export default function ErrorPage({ retry }: { error: unknown; retry: () => void }) {
  return (
    <main id="main">
      <div className="message" role="alert">
        <p className="eyebrow">Something went wrong</p>
        <h1>This page could not be shown.</h1>
        <p>You are still signed in. Trying again often helps.</p>
        <p>
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </p>
      </div>
    </main>
  )
}
