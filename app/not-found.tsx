import Link from 'next/link'

export const metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <main id="main">
      <div className="message">
        <p className="eyebrow">404</p>
        <h1>Nothing hangs on this hook.</h1>
        <p>There is no page at this address.</p>
        <p>
          <Link className="button" href="/">
            Back to the start
          </Link>
        </p>
      </div>
    </main>
  )
}
