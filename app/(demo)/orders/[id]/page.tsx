import type { Metadata } from 'next'
import { Order } from '../../spa/order.tsx'

export const metadata: Metadata = { title: 'Order' }

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <Order id={(await params).id} />
}
