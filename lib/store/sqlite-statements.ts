import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Every write is one statement; only a set takes two tables, and so a transaction. */
export function prepareStatements(db: DatabaseSync) {
  // Rows as arrays: the hot path makes no object of named columns.
  const prepare = (source: string): StatementSync => {
    const statement = db.prepare(source)
    statement.setReturnArrays(true)
    return statement
  }
  const sweep = (table: string) =>
    prepare(
      `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE expires_at <= ? LIMIT ?)`,
    )
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    dataVersion: prepare('PRAGMA data_version'),
    get: prepare('SELECT value, version, expires_at FROM entries WHERE key = ? AND expires_at > ?'),
    create: prepare(
      `INSERT INTO entries (key, value, version, expires_at) VALUES (?1, ?2, 1, ?3)
       ON CONFLICT (key) DO UPDATE SET value = ?2, version = 1, expires_at = ?3
       WHERE entries.expires_at <= ?4`,
    ),
    replace: prepare(
      `UPDATE entries SET value = ?, version = version + 1, expires_at = coalesce(?, expires_at)
       WHERE key = ? AND version = ? AND expires_at > ? RETURNING version`,
    ),
    touch: prepare('UPDATE entries SET expires_at = ? WHERE key = ? AND expires_at > ?'),
    delete: prepare('DELETE FROM entries WHERE key = ? AND expires_at > ?'),
    dropExpiredSet: prepare('DELETE FROM sets WHERE key = ? AND expires_at <= ?'),
    extendSet: prepare(
      `INSERT INTO sets (key, expires_at) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET expires_at = max(sets.expires_at, excluded.expires_at)`,
    ),
    addMember: prepare('INSERT INTO members (key, member) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    removeMember: prepare('DELETE FROM members WHERE key = ? AND member = ?'),
    members: prepare(
      'SELECT member FROM members JOIN sets USING (key) WHERE key = ? AND expires_at > ?',
    ),
    acquireLease: prepare(
      `INSERT INTO leases (key, owner, expires_at) VALUES (?1, ?2, ?3)
       ON CONFLICT (key) DO UPDATE SET owner = ?2, expires_at = ?3 WHERE leases.expires_at <= ?4`,
    ),
    renewLease: prepare(
      'UPDATE leases SET expires_at = ? WHERE key = ? AND owner = ? AND expires_at > ?',
    ),
    releaseLease: prepare('DELETE FROM leases WHERE key = ? AND owner = ? AND expires_at > ?'),
    sweeps: ['entries', 'sets', 'leases'].map(sweep),
  }
}
