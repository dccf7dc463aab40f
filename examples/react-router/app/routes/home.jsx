import { cloakroom } from '../cloakroom.server.js'

export async function loader({ request }) {
  const session = await cloakroom.session(request)
  return { sub: session?.sub }
}

export default function Home({ loaderData: { sub } }) {
  return sub ? <p>Hello {sub}</p> : <a href="/bff/login">Sign in</a>
}
