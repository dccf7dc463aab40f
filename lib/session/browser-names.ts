import { given } from '../http/given.ts'

/** What a person calls the browser and the system that they signed in with. Nothing finer is kept. */
export interface BrowserNames {
  readonly browser?: string
  readonly system?: string
}

const longest = 40

/** From `User-Agent`, in words of a list: a stranger's own text is not repeated. */
export async function browserNamesOf(userAgent: string | null): Promise<BrowserNames> {
  if (!userAgent) return {}
  const { default: bowser } = await import('bowser')
  const { browser, os } = bowser.parse(userAgent.slice(0, 512))
  return given({ browser: known(browser.name), system: known(os.name) })
}

/** What is in no list comes back as it was written. */
function known(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z][A-Za-z .-]*$/.test(name) && name.length <= longest
    ? name
    : undefined
}
