import type { AppKind } from './app-folder.ts'

/** Path in the folder, and text. */
export type StarterFiles = ReadonlyMap<string, string>

const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** What an app needs beside itself, for whoever reads on: each file says what belongs into it. */
export function starterFiles(kind: AppKind, secret: string): StarterFiles {
  const files = new Map([
    [`bff.config.${kind.configEnding}`, configText(kind)],
    ['.env', envText(secret)],
  ])
  if (kind.framework !== 'next') return files
  const { source, ending } = kind
  const up = source === '' ? './' : '../'
  files.set(
    `${source}bff.${ending}`,
    `import { createNextBff } from 'cloakroom/next'
import config from '${up}bff.config'

export const cloakroom = createNextBff(config)
`,
  )
  files.set(`${source}app/bff/[...path]/route.${ending}`, routeText('endpoints', '../../../bff'))
  files.set(
    `${source}app/api/remote/[...path]/route.${ending}`,
    routeText('remotes', '../../../../bff'),
  )
  files.set(
    `${source}instrumentation.${ending}`,
    `export async function register() {
  // The engine is Node's: no other runtime loads it.
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { cloakroom } = await import('./bff')
  await cloakroom.register()
}
`,
  )
  return files
}

function routeText(member: string, from: string): string {
  return `import { cloakroom } from '${from}'

export const { ${methods} } = cloakroom.${member}
`
}

function configText({ framework, spa }: AppKind): string {
  const lines = [`dir: '${spa.dir}'`, ...(spa.devServer ? [`devServer: '${spa.devServer}'`] : [])]
  const app =
    framework === 'next'
      ? ''
      : `
  // The built app. With NODE_ENV=development its own server is shown in place of it.
  spa: { ${lines.join(', ')} },
`
  return `import { defineConfig } from 'cloakroom'

// Addresses of the provider and secrets stand in .env.
export default defineConfig({
  // Your APIs. The page calls /api/remote/orders/…; the call goes on to the target with the user's token.
  remotes: {
    // orders: { target: 'https://api.example.com/orders' },
  },
${app}})
`
}

function envText(secret: string): string {
  return `# Of your OpenID Provider: register a confidential client there.
OIDC_ISSUER=
OIDC_CLIENT_ID=
OIDC_CLIENT_SECRET=

# Where browsers see this app.
BFF_BASE_URL=http://localhost:3000

# Seals cookies and encrypts sessions. Keep it out of version control; another one for each deployment.
BFF_SECRET=${secret}
`
}
