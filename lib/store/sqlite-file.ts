import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * One step a schema version, in order; a step that was released is never edited. Sets and leases are
 * tables of their own, so that no key of one kind can stand in for another.
 */
const steps = [
  `CREATE TABLE entries (
     key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX entries_by_expiry ON entries (expires_at);
   CREATE TABLE sets (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX sets_by_expiry ON sets (expires_at);
   CREATE TABLE members (
     key TEXT NOT NULL REFERENCES sets (key) ON DELETE CASCADE, member TEXT NOT NULL,
     PRIMARY KEY (key, member)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE leases (
     key TEXT PRIMARY KEY, owner TEXT NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX leases_by_expiry ON leases (expires_at);`,
]

/**
 * Opens the database file, readable by its owner alone, and brings its schema up to date. Several
 * processes may do this at once.
 *
 * @param busyTimeoutMs how long a statement waits for another process's write; the wait blocks the
 *   event loop, and writes take microseconds
 * @param onExposed told of a file that others could read or write
 * @throws when the file cannot be opened, or was written by a newer version of Cloakroom
 */
export function openSqliteFile(
  file: string,
  busyTimeoutMs: number,
  onExposed: (exposed: ExposedFile) => void,
): DatabaseSync {
  const path = resolve(file)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (!existsSync(path)) createPrivately(path)
  for (const each of [path, `${path}-wal`, `${path}-shm`]) closeToOthers(each, onExposed)
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs })
  try {
    // WAL lets readers go on while somebody writes. NORMAL syncs at checkpoints only: a killed process
    // loses nothing that was committed, a power cut may lose the last moments, never the file.
    enterWal(db, busyTimeoutMs)
    db.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216')
    migrate(db, file)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

/** SQLite gives its `-wal` and `-shm` files the mode of the file itself, so this covers them too. */
function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

/** A file of sessions that other users of the machine can read or write, and whether it is closed to them now. */
export interface ExposedFile {
  readonly file: string
  readonly tightened: boolean
}

/** A file from a backup, of an older version or made by hand has whatever mode it was given (A15). */
function closeToOthers(path: string, onExposed: (exposed: ExposedFile) => void): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  // The bits of Windows say nothing about others.
  if ((mode & 0o077) === 0 || process.platform === 'win32') return
  let tightened = true
  try {
    chmodSync(path, mode & 0o700)
  } catch {
    tightened = false
  }
  onExposed({ file: path, tightened })
}

/** The busy timeout does not cover the change of journal mode, which several processes may try at once. */
function enterWal(db: DatabaseSync, busyTimeoutMs: number): void {
  const giveUpAt = performance.now() + busyTimeoutMs
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/** SQLITE_BUSY, whichever of its extended codes. */
function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' && (code & 0xff) === 5
}

/** Not to be touched: what it says is not known here. */
class NewerSchemaError extends Error {
  readonly code = 'newer_schema'
  constructor(file: string, version: number) {
    super(`${file} has schema ${version}, written by a newer version of Cloakroom`)
  }
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    const row = db.prepare('PRAGMA user_version').get()
    const version = Number(row?.user_version)
    if (version > steps.length) {
      throw new NewerSchemaError(file, version)
    }
    for (const step of steps.slice(version)) db.exec(step)
    db.exec(`PRAGMA user_version = ${steps.length}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}
