import type { Settings } from '../../config/settings.ts'
import { createOutgoing } from '../../http/outgoing.ts'
import { certificatesByOrigin } from '../../remote/certificates.ts'
import { fail, type Look, ok, reasonOf } from './check.ts'

/** Whether each API can be reached: any answer will do, since none is given a token. */
export function remoteLooks(remotes: Settings['remotes']): readonly Look[] {
  return Object.values(remotes).map(({ name, target }) => ({
    id: `remote:${name}`,
    async look({ outgoing }) {
      const fetch = createOutgoing(outgoing).fetch(certificatesByOrigin(remotes))
      const signal = AbortSignal.timeout(4000)
      const { origin } = new URL(target)
      const answer = await fetch(target, { method: 'HEAD', redirect: 'manual', signal }).catch(
        (cause: unknown) => cause,
      )
      if (typeof (answer as Response | undefined)?.status === 'number')
        return ok(`${origin} answers`)
      const fix = `check remotes.${name}.target, and the way there from this machine`
      return fail(`${origin}: ${reasonOf(answer)}`, fix)
    },
  }))
}
