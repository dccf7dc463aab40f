import { randomFillSync } from 'node:crypto'

const poolBytes = 4096

/**
 * Draws random ids of 32 hexadecimal digits, many at once: a call into the random generator costs more than all
 * the rest.
 */
export function createRandomIds(): () => string {
  const pool = Buffer.alloc(poolBytes)
  let digits = ''
  let at = 0
  return () => {
    if (at + idLength > digits.length) {
      digits = randomFillSync(pool).toString('hex')
      at = 0
    }
    at += idLength
    return digits.slice(at - idLength, at)
  }
}

const idLength = 32
