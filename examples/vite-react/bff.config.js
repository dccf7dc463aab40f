import { defineConfig } from 'cloakroom'

// Addresses and secrets come from the environment, or from .env.
export default defineConfig({
  remotes: {
    orders: { target: process.env.ORDERS_API ?? 'https://api.example.com/orders' },
  },
  // With NODE_ENV=development the server of `npm run dev` is shown, in production what `npm run build` made.
  spa: { dir: 'dist', devServer: process.env.VITE_URL ?? 'http://localhost:5173' },
})
