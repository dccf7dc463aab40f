import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { Account } from '../demo-spa/account.tsx'
import { ServerOrders } from '../demo-spa/server-orders.tsx'
import { SignInFirst } from '../demo-spa/sign-in-first.tsx'
import { engine } from '../engine.ts'

export const metadata: Metadata = { title: 'Account' }

/** The gate in `middleware.ts` has looked already; a page that matters looks for itself (P12). */
export default async function Page() {
  const session = await engine.peekSession((await headers()).get('cookie'))
  if (session !== 'signed-in') return <SignInFirst />
  return (
    <Account>
      <ServerOrders />
    </Account>
  )
}
