import type { Metadata, Viewport } from 'next'
import { connection } from 'next/server'
import type { ReactNode } from 'react'
import './globals.css'

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
      <body>{children}</body>
    </html>
  )
}
