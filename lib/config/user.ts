import * as z from 'zod'

export const user = z.strictObject({
  /**
   * Status for a visitor who is not signed in: `401` with a problem, or `200` with the body `null`,
   * which keeps the browser's console quiet.
   */
  anonymous: z.literal([401, 200]).prefault(401),
})

export type UserSettings = Readonly<z.output<typeof user>>
