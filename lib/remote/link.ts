import { stripWhiteSpace } from '../http/white-space.ts'

// RFC 8288 section 3, and nothing beyond: what a browser reads otherwise than we do does not pass.
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const value = '"(?:[^"\\\\]|\\\\.)*"|[^\\s",;<>]+'
const parameter = `[ \\t]*;(?:[ \\t]*(${token})(?:[ \\t]*=[ \\t]*(${value}))?)?`
const link = new RegExp(`[ \\t]*(?:<([^<>]*)>((?:${parameter})*)[ \\t]*)?(?:,|$)`, 'y')
const eachParameter = new RegExp(parameter, 'g')

/** Relations by which a browser fetches something without being asked. */
const loads =
  /^(?:(?:module)?pre(?:load|fetch|connect|render)|dns-prefetch|subresource|stylesheet|import|manifest|serviceworker|speculationrules|expect|monetization|compression-dictionary|shortcut|(?:.*-)?icon|apple-touch-.*)$/

/**
 * The lines of an API's `Link` header for the browser (P25): each value leads where the browser can go, or is
 * left out; so is what would make it load something, and what is no link.
 */
export function publicLinks(
  lines: string | string[],
  publicAddress: (address: string) => string | undefined,
): string[] {
  return [lines].flat().flatMap((line) => {
    const kept = valuesOf(line).flatMap(({ address, parameters }) => {
      if (loadsSomething(parameters)) return []
      const there = publicAddress(address)
      return there === undefined ? [] : [`<${there}>${parameters}`]
    })
    return kept.length > 0 ? [kept.join(', ')] : []
  })
}

/** None at all of a line that is not made of links to its end. */
function valuesOf(line: string): { address: string; parameters: string }[] {
  const found: { address: string; parameters: string }[] = []
  link.lastIndex = 0
  while (link.lastIndex < line.length) {
    const match = link.exec(line)
    if (!match) return []
    const [, address, parameters = ''] = match
    if (address !== undefined) found.push({ address: stripWhiteSpace(address), parameters })
  }
  return found
}

function loadsSomething(parameters: string): boolean {
  for (const [, name = '', value = ''] of parameters.matchAll(eachParameter)) {
    if (!/^rel\*?$/i.test(name)) continue
    const relations = value.replace(/["\\]/g, '').toLowerCase()
    if (relations.split(/[\s']+/).some((relation) => loads.test(relation))) return true
  }
  return false
}
