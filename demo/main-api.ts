import { startDemoApi } from './api.ts'

/** The demo API by itself: `node demo/main-api.ts`, settings from the environment. */
const { env } = process

const api = await startDemoApi({
  issuer: env.OIDC_ISSUER ?? `http://localhost:${env.DEMO_IDP_PORT ?? 4000}`,
  port: Number(env.DEMO_API_PORT ?? 4001),
  ...(env.DEMO_API_HOST ? { host: env.DEMO_API_HOST } : {}),
  ...(env.DEMO_API_AUDIENCE ? { audience: env.DEMO_API_AUDIENCE } : {}),
})
console.log(`demo API: ${api.url}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => api.close().then(() => process.exit(0)))
}
