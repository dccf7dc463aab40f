import { type Environment, readerOf, type Variables } from './env.ts'
import { bitsToGuess, isMadeOfWords } from './guessable.ts'
import { hiddenText, isDigestOfWord } from './hidden-text.ts'
import type { Report } from './report.ts'

export const secretVariables = {
  BFF_SECRET: {
    meaning:
      'Secret of 32 characters or more that seals cookies and encrypts sessions: `openssl rand -base64 32`. Several, separated by commas, for rotation: the first seals, all unseal. Values that can be guessed are refused.',
    secret: true,
  },
} as const satisfies Variables

const read = readerOf(secretVariables)

const smallest = 32
const smallestBits = 90
const smallestGuess = 64
const fix =
  'make one with `openssl rand -base64 32` (when rotating, put it first and keep the old one behind a comma)'
// Words of examples and placeholders. Six letters and more, so that chance does not spell them.
const exampleWords =
  /change.?me|changethis|secret|passw[o0]rd|example|placeholder|replace|insert|insecure|default|cloakroom|at.?least|character|qwerty|letmein|deadbeef/i

/** BFF_SECRET, newest first. Values are judged, and never repeated in a message. */
export function secrets(env: Environment, report: Report): readonly string[] {
  const text = read(env, 'BFF_SECRET')
  if (text === undefined) {
    report.problem('BFF_SECRET', 'is not set', fix)
    return []
  }
  const values = text.split(',').map((value) => value.trim())
  for (const [index, value] of values.entries()) {
    const weakness = weaknessOf(value)
    const which = values.length === 1 ? '' : ` (value ${index + 1} of ${values.length})`
    if (weakness) report.problem('BFF_SECRET', `${weakness}${which}`, fix)
  }
  return [...new Set(values)]
}

/** What makes the value a bad secret; undefined for a good one. */
export function weaknessOf(value: string): string | undefined {
  if (value.length < smallest) return `is shorter than ${smallest} characters`
  if (exampleWords.test(value)) return 'looks like an example value'
  if (isRepetition(value) || isSequence(value) || entropyBits(value) < smallestBits) {
    return 'is too easy to guess'
  }
  if (isMadeOfWords(value)) return 'is made of words, which dictionaries hold'
  if (bitsToGuess(value) < smallestGuess) return 'is made of parts that are easy to guess'
  if (isDigestOfWord(value)) return 'is the digest of a word that is easy to guess'
  const hidden = hiddenText(value)
  if (hidden === undefined) return undefined
  if (exampleWords.test(hidden) || isMadeOfWords(hidden) || bitsToGuess(hidden) < smallestGuess) {
    return 'is another spelling of a text that is easy to guess'
  }
  return undefined
}

/** `abcabcabc…`: the value is found again inside its own double before its end. */
function isRepetition(value: string): boolean {
  return (value + value).indexOf(value, 1) < value.length
}

/** `0123456789abcdef…`: more than half of the characters are next to the one before them. */
function isSequence(value: string): boolean {
  let steps = 0
  for (let index = 1; index < value.length; index++) {
    if (Math.abs(value.charCodeAt(index) - value.charCodeAt(index - 1)) <= 1) steps++
  }
  return steps > value.length / 2
}

/** Shannon's measure over the value's own characters: 32 random hex digits have about 113 bits. */
function entropyBits(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bitsPerCharacter = 0
  for (const count of counts.values()) {
    bitsPerCharacter -= (count / value.length) * Math.log2(count / value.length)
  }
  return bitsPerCharacter * value.length
}
