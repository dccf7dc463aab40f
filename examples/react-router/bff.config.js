import { defineConfig } from 'cloakroom'

// Addresses and secrets come from the environment, or from .env.
export default defineConfig({
  remotes: {
    orders: { target: process.env.ORDERS_API ?? 'https://api.example.com/orders' },
  },
})
