import { defineConfig } from 'cloakroom'

export default defineConfig({})
