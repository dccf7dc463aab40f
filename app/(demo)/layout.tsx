import type { ReactNode } from 'react'
import { SiteFooter } from './spa/site-footer.tsx'
import { SiteHeader } from './spa/site-header.tsx'
import './blocks.css'

export default function DemoLayout({ children }: { children: ReactNode }) {
  return (
    <>
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
    </>
  )
}
