import { building } from '$app/environment'
import { cloakroom } from './cloakroom.server.js'

/** A wrong configuration ends the start, with every problem told. */
export const init = async () => {
  if (!building) await cloakroom.ready()
}

export const handle = ({ event, resolve }) => {
  if (building || !cloakroom.handles(event.url)) return resolve(event)
  return cloakroom.fetch(event.request, { clientAddress: event.getClientAddress() })
}
