'use client'

import './globals.css'

export default function GlobalErrorPage({ retry }: { error: unknown; retry: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Something went wrong · Cloakroom</title>
        <main>
          <div className="message" role="alert">
            <p className="eyebrow">Something went wrong</p>
            <h1>Cloakroom could not be shown.</h1>
            <p>
              <button type="button" className="button" onClick={retry}>
                Try again
              </button>
            </p>
          </div>
        </main>
      </body>
    </html>
  )
}
