import type { KeyValue } from '../store/key-value.ts'

/** Why a session is over, as its pages are told: by themselves, by somebody else, by the provider, by time. */
export type EndReason = 'here' | 'elsewhere' | 'provider' | 'expired'

export interface EndNotesDeps {
  readonly store: Pick<KeyValue, 'create' | 'getFresh'>
}

/** As long as a page that was cut off may take to come back and ask. */
const keptMs = 60_000

/**
 * Why a session was ended, for the pages of other instances, which see only that it is gone. What somebody did in the
 * session itself needs no note. Everything rejects with StoreUnavailableError.
 */
export function createEndNotes({ store }: EndNotesDeps) {
  const keyOf = (sessionKey: string) => `ended:${sessionKey}`
  return {
    /** To be called before the session is ended. */
    async note(sessionKey: string, reason: Exclude<EndReason, 'here'>): Promise<void> {
      await store.create(keyOf(sessionKey), reason, keptMs)
    },
    async reasonOf(sessionKey: string): Promise<EndReason> {
      return ((await store.getFresh(keyOf(sessionKey)))?.value as EndReason | undefined) ?? 'here'
    },
  }
}

export type EndNotes = ReturnType<typeof createEndNotes>
