import { bff } from 'cloakroom/client'
import { useSession } from 'cloakroom/react'
import { useEffect, useState } from 'react'

export function App() {
  const session = useSession()
  if (session.status === 'loading') return <p>…</p>
  if (session.status !== 'signed-in') {
    const here = encodeURIComponent(location.pathname)
    return <a href={`/bff/login?returnUrl=${here}`}>Sign in</a>
  }
  return (
    <main>
      <h1>Hello {session.user.sub}</h1>
      <p id="place">{location.pathname}</p>
      <Orders />
      <a href={session.user.logoutUrl}>Sign out</a>
    </main>
  )
}

function Orders() {
  const [orders, setOrders] = useState('')
  useEffect(() => {
    bff
      .fetch('/api/remote/orders')
      .then((answer) => answer.text())
      .then(setOrders)
  }, [])
  return <pre>{orders}</pre>
}
