import * as z from 'zod'
import { parseHeaderName, parseHeaderValue } from './header-name.ts'
import type { Report } from './report.ts'
import { textList, textRecord } from './schema-leaf.ts'

export const headers = z.strictObject({
  /**
   * Headers set on every request, after the browser's own were filtered. Headers that carry credentials
   * or that the connection itself owns are refused.
   */
  add: textRecord(),
  /** Names of the browser's headers that the API never sees, in any case. */
  remove: textList().prefault([]),
  /**
   * Names of further headers of the API's answers that reach the browser. Names of the standards and
   * those that begin with `x-` do so anyway; what commands a browser, a cache or a server never does.
   */
  expose: textList().prefault([]),
})

type Given = z.output<typeof headers>

/** Names in lower case. */
export type RemoteHeaders = Readonly<Given>

export function remoteHeaders(setting: string, given: Given, report: Report): RemoteHeaders {
  return {
    ...given,
    add: addedHeaders(setting, given.add, report),
    remove: headerNames(`${setting}.remove`, given.remove, report),
    expose: headerNames(`${setting}.expose`, given.expose, report),
  }
}

function addedHeaders(
  setting: string,
  headers: Readonly<Record<string, string>>,
  report: Report,
): Readonly<Record<string, string>> {
  const added: Record<string, string> = {}
  for (const [header, text] of Object.entries(headers)) {
    const name = parseHeaderName(header)
    const value = parseHeaderValue(text)
    const where = `${setting}.add.${header}`
    if (!name.ok) report.problem(where, name.problem, name.fix)
    else if (!value.ok) report.problem(where, value.problem, value.fix)
    else if (Object.hasOwn(added, name.value)) report.problem(where, 'is there twice', 'keep one')
    else added[name.value] = value.value
  }
  return added
}

function headerNames(setting: string, names: readonly string[], report: Report): string[] {
  return names.flatMap((header, index) => {
    const name = parseHeaderName(header)
    if (!name.ok) {
      report.problem(`${setting}[${index}]`, name.problem, name.fix)
    }
    return name.ok ? [name.value] : []
  })
}
