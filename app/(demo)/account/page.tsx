import type { Metadata } from 'next'
import { cloakroom } from '../../../bff.ts'
import { Account } from '../spa/account.tsx'
import { ServerOrders } from '../spa/server-orders.tsx'
import { SignInFirst } from '../spa/sign-in-first.tsx'

export const metadata: Metadata = { title: 'Account' }

/** The gate in `middleware.ts` has looked already; a page that matters looks for itself (P12). */
export default async function Page() {
  if (!(await cloakroom.session())) return <SignInFirst />
  return (
    <Account>
      <ServerOrders />
    </Account>
  )
}
