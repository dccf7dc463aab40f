/**
 * A request-target that names our public origin, in the form that everything else reads. A server has to take
 * the absolute form too (RFC 9112 section 3.2.2); what follows the origin stays as it was written. Any other
 * target is answered as it is.
 */
export function originForm(target: string, publicOrigin: string): string {
  if (target.startsWith('/')) return target
  const [whole = '', authority = ''] = absolute.exec(target) ?? []
  if (authority === '' || URL.parse(whole)?.origin !== publicOrigin) return target
  const rest = target.slice(whole.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** True for a target that names another origin than ours. */
export function isAbsoluteForm(target: string): boolean {
  return absolute.test(target)
}

// Nobody's name or password is in it (RFC 9110 section 4.2.4).
const absolute = /^https?:\/\/([^/?#@\\]*)(?=[/?]|$)/i
