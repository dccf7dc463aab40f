import { accepted, type Parsed, refused } from './parsed.ts'

/** Of the pages that are served: the default policy, that with more sources in some directives, or none. */
export type Csp = 'default' | 'off' | Readonly<Record<string, readonly string[]>>

/** Directives that take sources (CSP Level 3 section 6.1), and who may frame a page. */
const directives = new Set(
  [
    ...['child', 'connect', 'default', 'font', 'frame', 'img', 'manifest', 'media', 'object'],
    ...['script', 'script-attr', 'script-elem', 'style', 'style-attr', 'style-elem', 'worker'],
  ].map((name) => `${name}-src`),
)
for (const name of ['base-uri', 'form-action', 'frame-ancestors']) directives.add(name)

/** One source: visible ASCII that ends neither the source nor the directive nor the header's value. */
const source = /^[!-+\--:<-~]+$/

export function parseCsp(value: unknown): Parsed<Csp> {
  if (value === 'default' || value === 'off') return accepted(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused('is no policy', "write 'default', 'off', or sources by directive")
  }
  for (const [name, sources] of Object.entries(value)) {
    if (!directives.has(name)) {
      return refused(
        `has ${JSON.stringify(name)}`,
        `use one of ${[...directives].sort().join(', ')}`,
      )
    }
    const isList = Array.isArray(sources) && sources.every((each) => typeof each === 'string')
    if (!isList) return refused(`has no list in ${name}`, "write ['https://cdn.example.com']")
    const odd = (sources as string[]).find((each) => !source.test(each))
    if (odd !== undefined) {
      return refused(`has ${JSON.stringify(odd)} in ${name}`, 'write each source by itself')
    }
  }
  return accepted(value as Csp)
}
