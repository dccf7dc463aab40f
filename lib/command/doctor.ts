import { type LoadedSettings, loadSettings } from '../config/load-settings.ts'
import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import { loadAppConfig } from './app-config.ts'
import { baseUrlLook } from './doctor/base-url.ts'
import { type Check, type Finding, type Look, reasonOf } from './doctor/check.ts'
import { clientLooks } from './doctor/client.ts'
import { issuerLooks } from './doctor/issuer.ts'
import { remoteLooks } from './doctor/remote.ts'
import { storeLook } from './doctor/store.ts'
import { parseOptions } from './options.ts'
import { type Command, UsageError } from './terminal.ts'

const limitMs = 4_500
const marks = { ok: '✔', warn: '!', fail: '✖', skipped: '·' } as const

/** Looks at everything that a start needs, and says what would fail. Changes nothing. */
export const doctor: Command = async (args, { cwd, out }) => {
  const options = parseOptions(args, { config: { type: 'string' }, json: { type: 'boolean' } })
  const checks = await examine(cwd, options.config)
  const isWell = checks.every(({ status }) => status !== 'fail')
  if (options.json) {
    out(JSON.stringify({ ok: isWell, checks }, undefined, 2))
  } else {
    for (const { id, status, message, fix } of checks) {
      // Other people's words are in it: they begin no line, and move no cursor.
      const line = `${id}: ${message}${fix === undefined ? '' : `: ${fix}`}`
      out(`${marks[status]} ${line.replaceAll(/\p{C}+/gu, ' ')}`)
    }
  }
  return isWell ? 0 : 1
}

async function examine(cwd: string, named: string | undefined): Promise<readonly Check[]> {
  let loaded: LoadedSettings
  try {
    const { config } = await loadAppConfig(cwd, named)
    loaded = loadSettings({ config })
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause
    const fix = 'put it right, and ask again'
    return [{ id: 'settings', status: 'fail', message: cause.message, fix }, ...unseen([])]
  }
  if (!loaded.ok) return told(loaded.problems)
  const { settings, notes } = loaded
  const found = [...(await lookAll([storeLook], settings)), ...(await lookAt(settings))]
  // One after another: many frontends have one provider.
  for (const each of settings.frontends) {
    const ofFrontend = await lookAt(each)
    found.push(
      ...ofFrontend.map((it) => ({ ...it, id: `frontends.${each.frontend?.name}:${it.id}` })),
    )
  }
  return [
    {
      id: 'settings',
      status: notes.length > 0 ? 'warn' : 'ok',
      message: notes.join(' ') || 'hold together',
    },
    { id: 'secrets', status: 'ok', message: 'cannot be guessed' },
    ...found,
  ]
}

/** What an app has of its own. */
function lookAt(settings: Settings): Promise<Check[]> {
  const remotes = remoteLooks(settings.remotes)
  return lookAll([...remotes, baseUrlLook, ...issuerLooks(), ...clientLooks()], settings)
}

function lookAll(looks: readonly Look[], settings: Settings): Promise<Check[]> {
  return Promise.all(looks.map(async ({ id, look }) => ({ id, ...(await within(look(settings))) })))
}

/** One cause, one failure: what depends on settings that do not hold is not looked at. */
function told(problems: readonly Problem[]): readonly Check[] {
  const isSecret = ({ setting }: Problem) => /SECRET|KEY|TOKEN/.test(setting)
  const checks = (
    [
      ['settings', problems.filter((each) => !isSecret(each))],
      ['secrets', problems.filter(isSecret)],
    ] as const
  ).flatMap(([id, its]): Check[] => {
    if (its.length === 0) return [{ id, status: 'ok', message: 'hold together' }]
    return its.map(({ setting, problem, fix }) => ({
      id,
      status: 'fail',
      message: `${setting} ${problem}`,
      fix,
    }))
  })
  return [...checks, ...unseen(['secrets'])]
}

function unseen(but: readonly string[]): Check[] {
  return [
    ...['secrets', 'store', 'base-url', 'issuer', 'clock'],
    ...['credentials', 'redirect-uri', 'post-logout-uri', 'capabilities'],
  ]
    .filter((id) => !but.includes(id))
    .map((id) => ({ id, status: 'skipped', message: 'the settings come first' }))
}

/** Nothing here takes longer than a person waits. */
async function within(look: ReturnType<Look['look']>): Promise<Finding> {
  const { promise: late, resolve } = Promise.withResolvers<Finding>()
  const fix = 'see whether it is there, and how fast'
  const timer = setTimeout(resolve, limitMs, {
    status: 'fail',
    message: 'no answer within 4.5 s',
    fix,
  })
  try {
    return await Promise.race([look, late])
  } catch (cause) {
    return { status: 'fail', message: reasonOf(cause), fix }
  } finally {
    clearTimeout(timer)
  }
}
