import { letterPairBits } from './letter-pairs.ts'

/**
 * How many bits whoever guesses secrets has to guess here, roughly: common words, keyboard walks, sequences,
 * dates and earlier parts of the same text count little, and the rest counts as if it was random.
 */
export function bitsToGuess(value: string): number {
  const covered = new Array<number>(value.length).fill(Number.POSITIVE_INFINITY)
  for (const { from, to, bits } of [
    ...words(value),
    ...runs(value, walkLength(value), isNearOnKeyboard),
    ...runs(value, walkLength(value), isNextInOrder),
    ...repeats(value),
    ...years(value),
  ]) {
    for (let at = from; at < to; at++) covered[at] = Math.min(covered[at] ?? 0, bits / (to - from))
  }
  const each = entropyOfEach(value)
  return covered.reduce((sum, bits) => sum + Math.min(bits, each), 0)
}

/** A part that is easy to guess, and how many bits it is worth in all. */
interface Part {
  readonly from: number
  readonly to: number
  readonly bits: number
}

/** Of what everybody tries first. Four letters and more; a random text has one by chance now and then. */
const common = [
  ...['january', 'february', 'march', 'april', 'june', 'july', 'august', 'september', 'october'],
  ...['november', 'december', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],
  ...['sunday', 'summer', 'winter', 'spring', 'autumn', 'secret', 'secure', 'session', 'cookie'],
  ...['token', 'login', 'admin', 'master', 'server', 'prod', 'production', 'company', 'welcome'],
  ...['hello', 'world', 'love', 'dragon', 'monkey', 'football', 'shadow', 'sunshine', 'princess'],
  ...[
    'quick',
    'brownfox',
    'jumps',
    'over',
    'lazydog',
    'random',
    'string',
    'long',
    'very',
    'super',
    'this',
  ],
  ...['correct', 'horse', 'battery', 'staple', 'please', 'with', 'that', 'your', 'from', 'test'],
]
const commonWord = new RegExp(common.join('|'), 'g')

function words(value: string): Part[] {
  return [value.toLowerCase(), plainLetters(value)].flatMap((letters) =>
    [...letters.matchAll(commonWord)].map(({ index, 0: word }) => ({
      from: index,
      to: index + word.length,
      bits: 6,
    })),
  )
}

const fewestPairs = 14
/** A short text comes to a good average by chance more easily than a long one. */
const bitsOfChance = 4
/** Of an average pair. In disguise, where chance has more letters to play with, it takes more. */
const bitsOfWords = { plain: 0.65, disguised: 0.85 }

/**
 * Whether the letters follow each other as they do in words, of English and of its neighbours, joined in
 * whichever way and with digits in place of letters: passphrases, names, sentences.
 */
export function isMadeOfWords(value: string): boolean {
  if (isHex(value)) return false
  return (
    bitsOfPair(value.toLowerCase(), value) > bitsOfWords.plain ||
    bitsOfPair(plainLetters(value), value) > bitsOfWords.disguised
  )
}

function bitsOfPair(letters: string, value: string): number {
  let pairs = 0
  let bits = 0
  for (let at = 1; at < letters.length; at++) {
    const [first = '', second = ''] = [letters[at - 1], letters[at]]
    if (!isLetter(first) || !isLetter(second)) continue
    pairs += 1
    bits += isHump(value, at) ? -1 : letterPairBits(first, second) - change(value, at)
  }
  return pairs < fewestPairs ? Number.NEGATIVE_INFINITY : (bits - bitsOfChance) / pairs
}

/** `correctHorse`: where two words meet. */
function isHump(value: string, at: number): boolean {
  return classOf(value[at - 1] ?? '') === 'lower' && classOf(value[at] ?? '') === 'upper'
}

/** Inside of a word the case does not change, and digits are rare; in random text both are common. */
function change(value: string, at: number): number {
  const [before = '', first = '', second = ''] = [value[at - 2], value[at - 1], value[at]]
  if (classOf(first) === classOf(second)) return 0
  const capital = classOf(first) === 'upper' && classOf(second) === 'lower'
  return capital && classOf(before) !== 'upper' ? 0 : 1.5
}

function classOf(character: string): 'lower' | 'upper' | 'other' {
  if (isLetter(character)) return 'lower'
  return isLetter(character.toLowerCase()) ? 'upper' : 'other'
}

const disguises: Record<string, string> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '!': 'i', '+': 't' },
}

function plainLetters(value: string): string {
  return value.toLowerCase().replace(/[^a-z]/g, (character) => disguises[character] ?? character)
}

/** Chance walks a little over so few different keys. */
const walkLength = (value: string) => (isHex(value) ? 8 : 4)

/** Stretches of at least `least` characters, each of which follows from the one before it. */
function runs(
  value: string,
  least: number,
  follows: (before: string, after: string) => boolean,
): Part[] {
  const parts: Part[] = []
  let from = 0
  for (let at = 1; at <= value.length; at++) {
    if (at < value.length && follows(value[at - 1] ?? '', value[at] ?? '')) continue
    if (at - from >= least) parts.push({ from, to: at, bits: 3 })
    from = at
  }
  return parts
}

function isNextInOrder(before: string, after: string): boolean {
  return Math.abs(before.charCodeAt(0) - after.charCodeAt(0)) <= 1
}

const keyboards = [
  ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'],
  ['1234567890', 'qwertzuiop', 'asdfghjkl', 'yxcvbnm'],
  ['1234567890', 'azertyuiop', 'qsdfghjklm', 'wxcvbn'],
]

function isNearOnKeyboard(before: string, after: string): boolean {
  return keyboards.some((keys) => {
    const [one, other] = [placeOf(keys, before), placeOf(keys, after)]
    if (!one || !other) return false
    const [rows, columns] = [other.row - one.row, other.column - one.column]
    // Each row is a little to the right of the one above it.
    return rows === 0 ? Math.abs(columns) <= 1 : Math.abs(rows) === 1 && near(rows * columns)
  })
}

const near = (shift: number) => shift === 0 || shift === -1

function placeOf(keys: readonly string[], key: string) {
  const shifted = '!@#$%^&*()'.indexOf(key)
  const plain = shifted < 0 ? key.toLowerCase() : ('1234567890'[shifted] ?? key)
  const row = keys.findIndex((each) => each.includes(plain))
  return row < 0 ? undefined : { row, column: keys[row]?.indexOf(plain) ?? 0 }
}

/** What was there before, whatever its case: four characters and more. */
function repeats(value: string): Part[] {
  const text = value.toLowerCase()
  const parts: Part[] = []
  const least = walkLength(value)
  for (let from = least; from + least <= text.length; from++) {
    let to = from + least
    if (!text.slice(0, from).includes(text.slice(from, to))) continue
    while (to < text.length && text.slice(0, from).includes(text.slice(from, to + 1))) to++
    parts.push({ from, to, bits: 6 })
    from = to - 1
  }
  return parts
}

function years(value: string): Part[] {
  const date = /(?:\d{1,2}[-./_]?){0,2}(?:19|20)\d\d(?:[-./_]?\d{1,2}){0,2}/g
  return [...value.matchAll(date)].map(({ index, 0: text }) => ({
    from: index,
    to: index + text.length,
    bits: text.length > 4 ? 14 : 7,
  }))
}

/** Shannon's measure over the value's own characters: 32 random hex digits have about 113 bits. */
function entropyOfEach(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) {
    bits -= (count / value.length) * Math.log2(count / value.length)
  }
  return bits
}

const isHex = (value: string) => /^[0-9a-f-]+$/i.test(value)
const isLetter = (character: string) => /^[a-z]$/.test(character)
