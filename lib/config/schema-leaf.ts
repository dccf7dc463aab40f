import * as z from 'zod'
import { type ByteSize, parseByteSize } from './byte-size.ts'
import { type Duration, type DurationRange, parseDuration } from './duration.ts'
import { accepted, type Parsed, refused } from './parsed.ts'

// Shapes of single values. What depends on two settings, or on the environment, is a rule of its section.

/** A value whose parser says by itself what is wrong and what to do about it. */
export function leaf<In, Out = In>(parse: (value: unknown) => Parsed<Out>) {
  return z
    .custom<In>(() => true)
    .transform((value, context): Out => {
      const parsed = parse(value)
      if (parsed.ok) return parsed.value
      context.addIssue({ code: 'custom', message: parsed.problem, params: { fix: parsed.fix } })
      return z.NEVER
    })
}

export function flag(value: boolean) {
  return z.boolean().prefault(value)
}

export function duration(range: DurationRange) {
  return leaf<Duration, number>((value) => parseDuration(value, range))
}

/** For lifetimes that end up in cookies and stores, which count whole seconds. */
export function wholeSeconds(range: DurationRange) {
  return leaf<Duration, number>((value) => {
    const parsed = parseDuration(value, range)
    if (!parsed.ok || Number.isInteger(parsed.value)) return parsed
    return refused('has a fraction of a second', 'use whole seconds')
  })
}

export function byteSize() {
  return leaf<ByteSize, number>(parseByteSize)
}

export function wholeNumber(least: number) {
  return leaf<number>((value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least
      ? accepted(value)
      : refused('is not a valid number', `write a whole number of at least ${least}`),
  )
}

/** A string that says something: an empty one is a slip. */
export function text() {
  return leaf<string>((value) =>
    typeof value === 'string' && value.trim() !== ''
      ? accepted(value.trim())
      : refused('is not a valid text', 'write a string that is not empty'),
  )
}

export function textList() {
  return z.array(z.string()).readonly()
}

export function textRecord() {
  const record = z.record(z.string(), z.string())
  return record.transform((entries): Readonly<Record<string, string>> => entries).prefault({})
}

/** RFC 8707 section 2: an absolute URI without a fragment. */
export function absoluteUri() {
  return leaf<string>((value) =>
    typeof value === 'string' && URL.canParse(value) && !value.includes('#')
      ? accepted(value)
      : refused('is not an absolute URI', 'write it as https://host/path or urn:name, without #'),
  )
}

export function hook<Hook extends (...input: never[]) => unknown>() {
  return leaf<Hook>((value) =>
    typeof value === 'function'
      ? accepted(value as Hook)
      : refused('is no function', 'write a function in bff.config.ts, or leave it out'),
  )
}
