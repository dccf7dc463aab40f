'use client'

import { bff, SignInNeededError } from 'cloakroom/client'
import Link from 'next/link'
import { useEffect, useState } from 'react'

type Loaded =
  | { readonly kind: 'loading' }
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'sign-in-needed'; readonly loginUrl: string }
  | { readonly kind: 'failed' }

/** A deep link: survives a reload and a sign-in. */
export function Order({ id }: { id: string }) {
  const [loaded, setLoaded] = useState<Loaded>({ kind: 'loading' })

  useEffect(() => {
    const controller = new AbortController()
    load(id, controller.signal).then(setLoaded, () => {
      if (!controller.signal.aborted) setLoaded({ kind: 'failed' })
    })
    return () => controller.abort()
  }, [id])

  return (
    <div data-testid="order-page" data-state={loaded.kind}>
      <div className="hero">
        <p className="eyebrow">Order</p>
        <h1>{id}</h1>
        <p role="status">{sentences[loaded.kind]}</p>
      </div>
      {loaded.kind === 'found' && <pre className="narrow">{loaded.text}</pre>}
      {loaded.kind === 'sign-in-needed' && (
        <p>
          <a className="button" data-testid="sign-in" href={loaded.loginUrl}>
            Sign in
          </a>
        </p>
      )}
      <p>
        <Link href="/">Back to the start</Link>
      </p>
    </div>
  )
}

const sentences: Record<Loaded['kind'], string> = {
  loading: 'One moment…',
  found: 'This is what the orders API says.',
  missing: 'The orders API does not know this order.',
  'sign-in-needed': 'This order is for signed-in people. Signing in brings you back here.',
  failed: 'The orders API could not be asked. Reload to try again.',
}

async function load(id: string, signal: AbortSignal): Promise<Loaded> {
  try {
    const response = await bff.fetch('/api/remote/orders', { signal })
    if (!response.ok) return { kind: 'failed' }
    const order = ordersOf(await response.json()).find((each) => String(each.id) === id)
    return order ? { kind: 'found', text: JSON.stringify(order, null, 2) } : { kind: 'missing' }
  } catch (error) {
    if (!(error instanceof SignInNeededError)) throw error
    return { kind: 'sign-in-needed', loginUrl: error.loginUrl }
  }
}

/** A list, or an object that holds one. */
function ordersOf(body: unknown): { id?: unknown }[] {
  if (Array.isArray(body)) return body.filter((each) => typeof each === 'object' && each !== null)
  if (typeof body !== 'object' || body === null || !('orders' in body)) return []
  return Array.isArray(body.orders) ? ordersOf(body.orders) : []
}
