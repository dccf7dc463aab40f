export async function register() {
  // The engine is Node's: no other runtime loads it.
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { cloakroom } = await import('./bff')
  await cloakroom.register()
}
