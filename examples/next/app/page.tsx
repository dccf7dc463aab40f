import { cloakroom } from '../bff'
export default async function Page() {
  const session = await cloakroom.session()
  return <p>{session ? `Hello ${session.sub}` : 'nobody'}</p>
}
