import { hash } from 'node:crypto'

/** The name of a secret that may be kept where the secret may not, and of any text that is too long for a name. */
export const sha256 = (text: string) => hash('sha256', text, 'base64url')
