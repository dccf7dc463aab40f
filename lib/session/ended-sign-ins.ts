import type { KeyValue } from '../store/key-value.ts'
import { subjectKey } from './subject-key.ts'

export interface EndedSignInsDeps {
  readonly store: Pick<KeyValue, 'addMember' | 'members'>
  readonly issuer: string
  readonly now: () => number
}

interface SignIn {
  readonly sid?: string
  readonly sub: string
  /** Seconds since the epoch. */
  readonly authTime?: number
}

/** As long as a sign-in may be under way. */
const rememberedMs = 600_000

/** Whose sign-ins the provider has ended a while ago: a logout that comes while a code is redeemed wins (L16). */
export function createEndedSignIns({ store, issuer, now }: EndedSignInsDeps) {
  const keyOf = (kind: 'sid' | 'sub', value: string) => subjectKey(`ended-${kind}`, issuer, value)

  return {
    /** To be called before sessions are looked up: what is created later then finds the mark. */
    async add(ended: { sid?: string; sub?: string }): Promise<void> {
      const { sid, sub } = ended
      const keys = [
        ...(sid === undefined ? [] : [keyOf('sid', sid)]),
        ...(sub === undefined ? [] : [keyOf('sub', sub)]),
      ]
      await Promise.all(keys.map((key) => store.addMember(key, String(now()), rememberedMs)))
    },
    /**
     * Whether a sign-in that began at `startedAt` (epoch milliseconds) was ended since. To be called once
     * the session can be found; a sign-in that began after the logout is a new one, and so is one whose
     * user proved who they are after it, where `auth_time` says when: their form lay open meanwhile.
     */
    async has(signIn: SignIn, startedAt: number): Promise<boolean> {
      const { sid, sub, authTime } = signIn
      const marksOf = async (kind: 'sid' | 'sub', value: string) =>
        (await store.members(keyOf(kind, value))).map(Number)
      const [bySid, bySub] = await Promise.all([
        sid === undefined ? [] : marksOf('sid', sid),
        marksOf('sub', sub),
      ])
      const provedAt = Math.max(startedAt, (authTime ?? 0) * 1000)
      return bySid.some((at) => at >= startedAt) || bySub.some((at) => at >= provedAt)
    },
  }
}

export type EndedSignIns = ReturnType<typeof createEndedSignIns>
