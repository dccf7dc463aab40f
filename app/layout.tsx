import type { Metadata, Viewport } from 'next'
import { connection } from 'next/server'
import type { ReactNode } from 'react'
import { SiteFooter } from './demo-spa/site-footer.tsx'
import { SiteHeader } from './demo-spa/site-header.tsx'
import './globals.css'
import './blocks.css'

export const metadata: Metadata = {
  title: { default: 'Cloakroom', template: '%s · Cloakroom' },
  description: 'A Backend-for-Frontend: tokens stay on the server, the browser holds a ticket.',
  robots: { index: false },
}

export const viewport: Viewport = {
  colorScheme: 'light dark',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#faf9f6' },
    { media: '(prefers-color-scheme: dark)', color: '#131412' },
  ],
}

export default async function Layout({ children }: { children: ReactNode }) {
  // A page that was rendered ahead of time has no nonce, and its scripts would not run.
  await connection()
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#main">
          Skip to the content
        </a>
        <SiteHeader />
        <main id="main" tabIndex={-1}>
          <noscript>
            <p className="notice">This page is a single-page app: it needs JavaScript.</p>
          </noscript>
          {children}
        </main>
        <SiteFooter />
      </body>
    </html>
  )
}
