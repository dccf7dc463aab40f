/** @type {import('next').NextConfig} */
const config = { reactStrictMode: true }
module.exports = async () => (await import('cloakroom/next')).nextConfig(config)
