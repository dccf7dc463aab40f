import { defineConfig } from 'cloakroom'

// This is the file to edit. Secrets and addresses come from the environment: see .env.example.
// Every name that may stand here is described in docs/configuration.md, and by your editor.

const demoApi = process.env.DEMO_API_URL ?? 'http://localhost:4001'

export default defineConfig({
  // Your APIs. The page calls /api/remote/<name>/…; the call goes on to `target` with the token added.
  remotes: {
    orders: { target: `${demoApi}/orders`, token: 'user' },
    news: { target: `${demoApi}/public/news`, token: 'none', methods: ['GET'] },
  },

  // A sign-in ends after half an hour without use, and after eight hours in any case.
  session: { idle: '30m', absolute: '8h' },

  // The demo's tokens live for 30 seconds only. Leave this out for tokens that live for minutes.
  tokens: { margin: '5s' },

  // Pages that send a visitor to sign in first.
  spa: { protectedPages: ['/account'] },
})
