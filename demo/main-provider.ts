import { startDemoProvider } from './provider.ts'

/** The demo provider by itself: `node demo/main-provider.ts`, settings from the environment. */
const { env } = process
const port = Number(env.DEMO_IDP_PORT ?? 4000)
const origin = env.BFF_BASE_URL ?? `http://localhost:${env.PORT ?? 3000}`

const provider = await startDemoProvider({
  port,
  publicOrigins: [origin],
  ...(env.DEMO_IDP_HOST ? { host: env.DEMO_IDP_HOST } : {}),
  ...(env.OIDC_ISSUER ? { issuer: env.OIDC_ISSUER } : {}),
  ...(env.OIDC_CLIENT_ID ? { clientId: env.OIDC_CLIENT_ID } : {}),
  ...(env.OIDC_CLIENT_SECRET ? { clientSecret: env.OIDC_CLIENT_SECRET } : {}),
  ...(env.DEMO_IDP_STATE_FILE ? { stateFile: env.DEMO_IDP_STATE_FILE } : {}),
  ...(env.DEMO_TOKEN_SECONDS ? { accessTokenSeconds: Number(env.DEMO_TOKEN_SECONDS) } : {}),
})
console.log(`demo provider: ${provider.issuer}, client ${provider.clientId} of ${origin}`)
if (!env.OIDC_CLIENT_SECRET) console.log(`client secret: ${provider.clientSecret}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => provider.close().then(() => process.exit(0)))
}
