#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { suggestion } from '../config/did-you-mean.ts'
import { type Command, type Terminal, UsageError } from './terminal.ts'

interface Entry {
  /** Behind its name in the help. */
  readonly usage: string
  readonly does: string
  /** Loaded when it is called: `secret` needs no engine. */
  load(): Promise<Command>
}

const commands: Readonly<Record<string, Entry>> = {
  init: {
    usage: '[--dry-run]',
    does: 'writes what an app lacks, and says what to register; what is there stays',
    load: async () => (await import('./init.ts')).init,
  },
  serve: {
    usage: '[--config <file>] [--spa <folder>]',
    does: 'serves until SIGTERM: the endpoints, the remote APIs and the built app in the folder',
    load: async () => (await import('./serve.ts')).serve,
  },
  doctor: {
    usage: '[--config <file>] [--json]',
    does: 'looks at settings, store, APIs, public address and provider, and says what would fail',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  secret: {
    usage: '[--key <algorithm>]',
    does: "a new BFF_SECRET, or a client's key (ES256) with its public key set",
    load: async () => (await import('./secret.ts')).secret,
  },
}

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [word, ...rest] = args
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    terminal[word === undefined ? 'err' : 'out'](help())
    return word === undefined ? 2 : 0
  }
  if (word === '--version' || word === '-v') {
    terminal.out(version())
    return 0
  }
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined
  if (!command) {
    const names = Object.keys(commands)
    throw new UsageError(`${word} is no command: ${suggestion(word, names) ?? names.join(', ')}`)
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(`cloakroom ${word} ${command.usage}\n  ${command.does}`)
    return 0
  }
  return (await command.load())(rest, terminal)
}

function help(): string {
  const lines = Object.entries(commands).map(
    ([name, { usage, does }]) => `  cloakroom ${name} ${usage}\n      ${does}`,
  )
  return [
    'Cloakroom keeps the OAuth tokens of a single-page app on the server.',
    '',
    ...lines,
  ].join('\n')
}

/** That of the package this file is in: two folders up in the sources and in what is published. */
function version(): string {
  const manifest = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

const status = await main(process.argv.slice(2), {
  cwd: process.cwd(),
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
}).catch((cause: unknown) => {
  if (!(cause instanceof UsageError)) throw cause
  process.stderr.write(`cloakroom: ${cause.message}.\n`)
  return cause.status
})
process.exitCode = status
// Whatever is still open then keeps nobody waiting.
setTimeout(() => process.exit(), 1000).unref()
