import { isDeepStrictEqual } from 'node:util'
import type { Bff } from '../bff.ts'
import type { Settings } from '../config/settings.ts'
import type { Addressees } from '../endpoints/backchannel.ts'
import { type Chooser, createChooser, type Unclaimed } from './choose.ts'

/** What a reload did, by names; the top level is `-`. */
export interface Reloaded {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

/** The engines of the frontends, each composed when it is first needed. */
export interface Frontends {
  /** Whose a request is: by the `Host` in a flat list of its headers, and its request-target. */
  of(rawHeaders: readonly string[], target: string): Bff | Unclaimed
  /** The engine of the top level. */
  top(): Bff
  /** The engine of a frontend; undefined: there is none of this name. */
  named(name: string): Bff | undefined
  /** Calls that have not been answered to the end, of all frontends. */
  readonly inFlight: number
  /** Streams of events and WebSockets that are open, of all frontends. */
  readonly openStreams: number
  readonly addressees: Addressees
  /** Looks at each frontend as at the start of a server, one after another. */
  begin(): void
  drain(): void
  /** Before a shutdown: closes what would never end by itself, of all frontends. */
  endOpenEnded(): void
  /**
   * Takes new settings. What did not change goes on as it was; what changed, or was removed, ends the calls that it has
   * begun. With another provider or client the sessions of a frontend are over.
   */
  reload(settings: Settings): Reloaded
  close(): Promise<void>
}

interface Slot {
  readonly settings: Settings
  bff: Bff | undefined
}

/** How often an engine that was replaced is looked at, until nothing of it is under way. */
const retireMs = 250
/** Between the looks at two frontends when a server starts. */
const betweenBeginsMs = 50

const topName = '-'

export function createFrontends(
  settings: Settings,
  compose: (settings: Settings) => Bff,
): Frontends {
  let slots = slotsOf(settings)
  const removedPlaces = new Set<string>()
  let chooser = chooserOf()
  const retiring = new Set<Bff>()
  let isDraining = false
  let isBegun = false
  let isClosed = false

  function chooserOf(): Chooser<Slot> {
    const [top, ...others] = [...slots.values()] as [Slot, ...Slot[]]
    return createChooser({ top, others, settingsOf: (it) => it.settings, removed: removedPlaces })
  }

  function bffOf(slot: Slot): Bff {
    if (slot.bff) return slot.bff
    const bff = compose(slot.settings)
    if (isDraining) bff.drain()
    slot.bff = bff
    return bff
  }

  function all(): Bff[] {
    const used = [...slots.values()].flatMap(({ bff }) => (bff ? [bff] : []))
    return [...used, ...retiring]
  }

  const slotNamed = (name: string) => slots.get(name) as Slot

  async function beginOne(slots: readonly Slot[]): Promise<void> {
    for (const slot of slots) {
      if (isClosed || isDraining) return
      bffOf(slot).begin()
      await new Promise((resolve) => setTimeout(resolve, betweenBeginsMs).unref())
    }
  }

  /** Lets an engine end what it has begun. `over`: nothing that goes on by itself may. */
  async function retire(bff: Bff, over: boolean): Promise<void> {
    retiring.add(bff)
    if (over) bff.endOpenEnded()
    while (!isClosed && bff.remote.inFlight + bff.openStreams > 0) {
      await new Promise((resolve) => setTimeout(resolve, retireMs).unref())
    }
    retiring.delete(bff)
    if (!isClosed) await bff.close()
  }

  return {
    of(rawHeaders, target) {
      const slot = chooser.choose(rawHeaders, target)
      return typeof slot === 'string' ? slot : bffOf(slot)
    },
    top: () => bffOf(slotNamed(topName)),
    named(name) {
      const slot = name === topName ? undefined : slots.get(name)
      return slot && bffOf(slot)
    },
    get inFlight() {
      return all().reduce((sum, { remote }) => sum + remote.inFlight, 0)
    },
    get openStreams() {
      return all().reduce((sum, bff) => sum + bff.openStreams, 0)
    },
    addressees(issuer, audience) {
      const isFor = ({ oidc }: Settings) =>
        oidc.issuers.includes(issuer) && audience.includes(oidc.clientId)
      const named = [...slots.values()].filter((slot) => isFor(slot.settings))
      return named.map((slot) => bffOf(slot).backchannel)
    },
    begin() {
      isBegun = true
      void beginOne([...slots.values()])
    },
    drain() {
      isDraining = true
      for (const bff of all()) bff.drain()
    },
    endOpenEnded() {
      for (const bff of all()) bff.endOpenEnded()
    },
    reload(next) {
      const before = slots
      const after = slotsOf(next)
      const added: string[] = []
      const changed: string[] = []
      const removed = [...before.keys()].filter((name) => !after.has(name))
      for (const [name, slot] of after) {
        const old = before.get(name)
        if (!old) added.push(name)
        else if (isSame(old.settings, slot.settings)) after.set(name, old)
        else changed.push(name)
      }
      slots = after
      for (const name of removed) {
        for (const place of placesOf(before.get(name))) removedPlaces.add(place)
      }
      for (const slot of after.values()) {
        for (const place of placesOf(slot)) removedPlaces.delete(place)
      }
      chooser = chooserOf()
      for (const name of [...changed, ...removed]) {
        const { bff, settings: old } = before.get(name) as Slot
        const now = after.get(name)?.settings
        if (bff) void retire(bff, !now || !isSameClient(old, now))
      }
      if (isBegun) void beginOne([...added, ...changed].map((name) => slotNamed(name)))
      return { added, changed, removed }
    },
    async close() {
      const open = all()
      isClosed = true
      await Promise.all(open.map((bff) => bff.close()))
    },
  }
}

function slotsOf(settings: Settings): Map<string, Slot> {
  const slots = new Map<string, Slot>([[topName, { settings, bff: undefined }]])
  for (const each of settings.frontends) {
    if (each.frontend) slots.set(each.frontend.name, { settings: each, bff: undefined })
  }
  return slots
}

function placesOf(slot: Slot | undefined): readonly string[] {
  const { hosts = [], path } = slot?.settings.frontend ?? {}
  return path === undefined ? hosts : [path]
}

/** Those of the top level hold those of all others, which are looked at one by one. */
function isSame(one: Settings, other: Settings): boolean {
  return isDeepStrictEqual({ ...one, frontends: [] }, { ...other, frontends: [] })
}

function isSameClient({ oidc: one }: Settings, { oidc: other }: Settings): boolean {
  return one.issuer === other.issuer && one.clientId === other.clientId
}
