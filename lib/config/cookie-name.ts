import { accepted, type Parsed, refused } from './parsed.ts'

/** The part of a cookie's name that a setting chooses: what stands before and behind it is ours. */
export function parseCookieName(value: unknown): Parsed<string> {
  if (typeof value !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(value)) {
    return refused(
      'is not a valid name',
      'use up to 64 letters, digits, _ and -, without __Host-Http-',
    )
  }
  // Another Cloakroom beside this one, whose name is the part before, has cookies of these names.
  return /-(tx|out|again|jar|owner|setter)$/.test(value)
    ? refused('ends as the names of other cookies do', 'choose another ending')
    : accepted(value)
}

/** `bff`, and its port behind it where the public origin names one: cookies know nothing of ports. */
export function cookieNameFor(publicOrigin: string): string {
  const port = URL.parse(publicOrigin)?.port
  return port ? `bff-${port}` : 'bff'
}
