/** Runs once when Next starts: a bad configuration stops it with every problem listed (A1). */
export async function register() {
  // Next replaces this by a constant, so that no other runtime's bundle contains the engine.
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { cloakroom } = await import('./bff.ts')
  await cloakroom.register()
}
