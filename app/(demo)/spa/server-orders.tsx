import { openBff } from 'cloakroom'
import { headers } from 'next/headers'
import config from '#config'

/** A Server Component that calls an API as the user: the page carries the answer, never the token. */
export async function ServerOrders() {
  const orders = await fetchOrders(await headers())
  if (!orders) return null
  return (
    <section className="card" aria-labelledby="orders-title" data-testid="server-orders">
      <h2 id="orders-title">Your orders</h2>
      <p className="muted">Fetched by the server while it made this page.</p>
      <ul>
        {orders.map(({ id, item }) => (
          <li key={id}>{item}</li>
        ))}
      </ul>
    </section>
  )
}

async function fetchOrders(
  requestHeaders: Headers,
): Promise<{ id: string; item: string }[] | undefined> {
  const target = config.remotes?.orders?.target
  if (!target) return undefined
  const bff = await openBff(config)
  const userFetch = bff.userFetch({ headers: requestHeaders })
  const answer = await userFetch(target).catch(() => undefined)
  if (!answer?.ok) return undefined
  return (await answer.json()).orders
}
