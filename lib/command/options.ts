import { type ParseArgsConfig, parseArgs } from 'node:util'
import { suggestion } from '../config/did-you-mean.ts'
import { UsageError } from './terminal.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** The options of a command, which takes nothing else. Throws UsageError with one sentence. */
export function parseOptions<const Known extends Options>(args: readonly string[], known: Known) {
  const config = { args: [...args], options: known, strict: false, tokens: true } as const
  const { values, tokens } = parseArgs(config)
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`"${token.value}" means nothing here`)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const option = Object.hasOwn(known, name) ? known[name] : undefined
    if (!option) {
      const hint = suggestion(name, Object.keys(known))
      const names = Object.keys(known).map((it) => `--${it}`)
      const fix = hint ? hint.replace('write ', 'write --') : `there are ${names.join(', ')}`
      throw new UsageError(`${rawName} is no option: ${fix}`)
    }
    if (option.type === 'string' && !value)
      throw new UsageError(`${rawName} needs a value behind it`)
    if (option.type === 'boolean' && value !== undefined) {
      throw new UsageError(`${rawName} takes no value`)
    }
  }
  // As it would be with `strict`, whose own messages are for programmers.
  return values as ReturnType<typeof parseArgs<{ options: Known; strict: true }>>['values']
}
