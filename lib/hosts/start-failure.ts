import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { socketPath } from '../config/listen.ts'
import type { Problem } from '../config/report.ts'
import type { Settings } from '../config/settings.ts'
import { postgresRefusal } from '../store/postgres-refusal.ts'
import { StoreRefusedError } from '../store/refused-error.ts'

type Where = Pick<Settings, 'host' | 'port' | 'store'>

interface SystemError {
  readonly code?: unknown
  readonly syscall?: unknown
  /** SQLite's own number. */
  readonly errcode?: unknown
}

/** What keeps a process from starting, told as a setting is; undefined for what nobody foresaw. */
export function startFailure(cause: unknown, where: Where): Problem | undefined {
  if (cause instanceof StoreRefusedError) {
    const { setting, problem, fix } = cause
    return { setting, problem, fix }
  }
  const error = (cause ?? {}) as SystemError
  const isListening = error.syscall === 'listen' || error.syscall === 'bind'
  if (isListening || error.syscall === 'getaddrinfo') return listenFailure(error, where)
  if (where.store.kind === 'sqlite') return sqliteFailure(error, where.store.file)
  const refusal = where.store.kind === 'postgres' ? postgresRefusal(cause) : undefined
  return refusal && { setting: 'DATABASE_URL', ...refusal }
}

function listenFailure({ code }: SystemError, { host, port }: Where): Problem | undefined {
  const path = socketPath(host)
  const setting = path === undefined ? 'PORT' : 'HOST'
  const place = path ?? `${port} at ${host}`
  if (code === 'EADDRINUSE') {
    const fix = path === undefined ? 'stop that one, or set another port' : 'stop that one first'
    return { setting, problem: `is ${place}, which another process uses`, fix }
  }
  // To bind to such a path is EACCES too.
  if (path !== undefined && !existsSync(dirname(path))) {
    const fix = 'make it, writable for the user of this process'
    return { setting, problem: `is ${path}, in a folder that does not exist`, fix }
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const fix =
      path === undefined
        ? 'set one of 1024 or above, or give the process the right (CAP_NET_BIND_SERVICE)'
        : 'give the user of this process the right to write into that folder'
    return { setting, problem: `is ${place}, where this user may not listen`, fix }
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const fix = 'set 127.0.0.1, 0.0.0.0 or an address of this machine'
    return { setting: 'HOST', problem: `is ${host}, which is no address of this machine`, fix }
  }
  return undefined
}

/** Codes: https://www.sqlite.org/rescode.html */
const sqliteFailures: Readonly<Record<number, (file: string) => Omit<Problem, 'setting'>>> = {
  5: (file) => ({
    problem: `is ${file}, which another program keeps locked`,
    fix: 'end that program, or name another file',
  }),
  8: notWritable,
  11: notSqlite,
  13: (file) => ({
    problem: `is ${file}, on a disk that is full`,
    fix: 'make room, or name a file elsewhere',
  }),
  14: notWritable,
  26: notSqlite,
}

function notWritable(file: string) {
  return {
    problem: `is ${file}, which this user cannot write`,
    fix: `give it the right to write ${dirname(file)} and what is in there, or name a file elsewhere`,
  }
}

function notSqlite(file: string) {
  return {
    problem: `is ${file}, which is damaged or no SQLite database`,
    fix: 'name another file, or move this one away: a new one is made, and people sign in again',
  }
}

const fileCodes = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOSPC']

function sqliteFailure({ code, errcode }: SystemError, file: string) {
  const setting = 'BFF_SQLITE_FILE'
  const known = typeof errcode === 'number' ? sqliteFailures[errcode & 0xff] : undefined
  if (known) return { setting, ...known(file) }
  if (fileCodes.includes(String(code))) return { setting, ...notWritable(file) }
  if (code === 'newer_schema') {
    const fix = 'start that version again, or name another file'
    return { setting, problem: `is ${file}, which a newer version of Cloakroom has written`, fix }
  }
  return undefined
}
