import * as z from 'zod'
import { duration } from './schema-leaf.ts'

export const tokens = z.strictObject({
  /**
   * How long before its expiry a token is renewed; never more than a fifth of its lifetime. From `0s`
   * to `1h`. A short value risks tokens that expire on their way to the API.
   */
  margin: duration({ from: '0s', to: '1h' }).prefault('60s'),
  /**
   * How long a request waits for a refresh that another one has begun, before it uses the old token
   * or, when that has expired, answers 503. From `1s` to `60s`.
   */
  waiters: duration({ from: '1s', to: '60s' }).prefault('10s'),
})

type Given = z.output<typeof tokens>

export interface TokensSettings extends Readonly<Omit<Given, 'margin' | 'waiters'>> {
  readonly marginSeconds: number
  readonly waitersSeconds: number
}

export function tokensSettings({ margin, waiters, ...rest }: Given): TokensSettings {
  return { ...rest, marginSeconds: margin, waitersSeconds: waiters }
}
