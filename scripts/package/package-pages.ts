/** The pages that users of the package need; docs/package.md is its README. */
const pages = [
  'client',
  'client-libraries',
  'configuration',
  'endpoints',
  'front-proxies',
  'providers',
  'operations',
  'storage',
  'tokens',
  'your-own-app',
].map((name) => `docs/${name}.md`)

const readme = 'docs/package.md'

/** Path in the package, and text. */
export function packagePages(read: (path: string) => string): Map<string, string> {
  const texts = pages.map((path) => [path, withoutDeadLinks(read(path))] as const)
  const start = read(readme).replaceAll(/\]\((?=[\w-]+\.md)/g, '](docs/')
  return new Map([['README.md', start], ...texts])
}

/** A link to what is not published becomes its text. */
function withoutDeadLinks(text: string): string {
  return text.replaceAll(
    /\[([^\]]*)\]\(([^)#:]+)(#[^)]*)?\)/g,
    (link, label: string, to: string) => (pages.includes(`docs/${to}`) ? link : label),
  )
}
