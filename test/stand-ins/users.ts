/** The people of the demo. Any password is theirs: the provider asks for none. */
export interface DemoUser {
  readonly sub: string
  readonly name: string
  readonly email: string
  /** Of the avatar, a hue in degrees. */
  readonly hue: number
}

export const demoUsers: readonly DemoUser[] = [
  { sub: 'alice', name: 'Alice Appleton', email: 'alice@example.com', hue: 265 },
  { sub: 'bob', name: 'Bob Baker', email: 'bob@example.com', hue: 155 },
  { sub: 'carol', name: 'Carol Castillo', email: 'carol@example.com', hue: 25 },
]

export function findDemoUser(sub: string): DemoUser | undefined {
  return demoUsers.find((user) => user.sub === sub)
}

/** An initial on a coloured ground. */
export function avatar(user: DemoUser): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="${user.name}">
<rect width="64" height="64" rx="32" fill="hsl(${user.hue} 45% 32%)"/>
<text x="32" y="42" text-anchor="middle" font-family="system-ui,sans-serif" font-size="28" fill="#fff">${user.name[0]}</text>
</svg>`
}
