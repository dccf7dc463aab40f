import type { z } from 'zod'
import { suggestion } from './did-you-mean.ts'
import type { Report } from './report.ts'
import { configSchema, type ParsedConfig } from './schema.ts'
import { namesAt } from './schema-tree.ts'

type Path = readonly PropertyKey[]

/**
 * Checks shapes and types. What is wrong is reported, then left out, so that the rules can judge all
 * the rest in the same run.
 */
export function parseConfig(input: unknown, report: Report): ParsedConfig {
  let config = copyPlain(input)
  for (;;) {
    const result = configSchema.safeParse(config)
    if (result.success) return result.data
    const rest: unknown = copyPlain(config)
    for (const issue of result.error.issues) {
      reportIssue(issue, valueAt(config, issue.path), report)
      leaveOut(rest, issue, valueAt(config, issue.path) === undefined)
    }
    config = result.error.issues.some((issue) => issue.path.length === 0 && !isUnknownName(issue))
      ? {}
      : rest
  }
}

function reportIssue(issue: z.core.$ZodIssue, value: unknown, report: Report): void {
  const setting = settingName(issue.path) || 'the configuration'
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      const known = namesAt(configSchema, issue.path)
      const fix = suggestion(key, known) ?? `take it out, or use one of ${known.join(', ')}`
      report.problem(settingName([...issue.path, key]), 'is not a setting', fix)
    }
  } else if (issue.code === 'custom' && value !== undefined) {
    report.problem(setting, issue.message, String(issue.params?.fix))
  } else if (value === undefined) {
    // Left out a moment ago because it was wrong? Then it has been reported already.
    if (!report.problems.some((each) => each.setting === setting)) {
      report.problem(setting, 'is not set', 'set it')
    }
  } else {
    report.problem(setting, 'has a value that is not possible', `write ${expectation(issue)}`)
  }
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ')
  if (issue.code === 'invalid_union') {
    return issue.errors.flatMap((errors) => errors.map(expectation)).join(' or ')
  }
  const words: Record<string, string> = {
    array: 'a list',
    boolean: 'true or false',
    object: 'an object',
    record: 'an object',
    string: 'a string',
  }
  return (issue.code === 'invalid_type' && words[issue.expected]) || 'what the documentation says'
}

function isUnknownName(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'unrecognized_keys'
}

/** `remotes.news.headers.remove[0]` */
function settingName(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '')
}

function leaveOut(config: unknown, issue: z.core.$ZodIssue, missing: boolean): void {
  if (issue.code === 'unrecognized_keys') {
    const owner = valueAt(config, issue.path) as Record<string, unknown>
    for (const key of issue.keys) delete owner[key]
    return
  }
  // A required value that is missing takes its owner with it; an entry of a list takes the list.
  let path = missing ? issue.path.slice(0, -1) : issue.path
  const list = path.findIndex((key) => typeof key === 'number')
  if (list >= 0) path = path.slice(0, list)
  const owner = valueAt(config, path.slice(0, -1)) as Record<PropertyKey, unknown> | undefined
  const last = path.at(-1)
  if (owner && last !== undefined) delete owner[last]
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((owner, key) => (owner as Record<PropertyKey, unknown>)?.[key], value)
}

/** Objects are copied, so that parts can be left out, and without what is set to undefined. */
function copyPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.map(([key, each]) => [key, copyPlain(each)]))
}
