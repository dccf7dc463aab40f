import { createHash } from 'node:crypto'
import type { KeyValue } from '../store/key-value.ts'

export interface EndedSignInsDeps {
  readonly store: Pick<KeyValue, 'addMember' | 'members'>
  readonly issuer: string
  readonly now: () => number
}

/** As long as a sign-in may be under way. */
const rememberedMs = 600_000

/** Whose sign-ins the provider has ended a while ago: a logout that comes during a code exchange wins (L16). */
export function createEndedSignIns({ store, issuer, now }: EndedSignInsDeps) {
  const keyOf = (kind: 'sid' | 'sub', value: string) =>
    `ended-${kind}:${createHash('sha256').update(`${issuer}\0${value}`).digest('base64url')}`

  const keysOf = ({ sid, sub }: { sid?: string | undefined; sub?: string | undefined }) => [
    ...(sid === undefined ? [] : [keyOf('sid', sid)]),
    ...(sub === undefined ? [] : [keyOf('sub', sub)]),
  ]

  return {
    /** To be called before sessions are looked up: what is created later then finds the mark. */
    async add(ended: { sid?: string; sub?: string }): Promise<void> {
      await Promise.all(
        keysOf(ended).map((key) => store.addMember(key, String(now()), rememberedMs)),
      )
    },
    /**
     * Whether a sign-in that began at `startedAt` (epoch milliseconds) was ended since. To be called once
     * the session can be found; a sign-in that began after the logout is a new one.
     */
    async has(signIn: { sid?: string | undefined; sub: string }, startedAt: number) {
      const marks = await Promise.all(keysOf(signIn).map((key) => store.members(key)))
      return marks.flat().some((endedAt) => Number(endedAt) >= startedAt)
    },
  }
}

export type EndedSignIns = ReturnType<typeof createEndedSignIns>
