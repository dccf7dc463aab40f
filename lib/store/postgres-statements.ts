/** One statement of SQL, prepared once on each connection. */
export interface PostgresStatement {
  readonly name: string
  readonly text: string
}

/** Epoch milliseconds by the server's clock, which is asked where the row is looked at, not before a wait for its lock. */
const now = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
/** The same for a search by index, which takes no answer that may change from row to row. */
const nowAtStart = 'floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint'

/**
 * This commit is not waited for until it is on the disk. For what may be lost in a crash of the server:
 * then it is as if it had come a moment later.
 */
const lazily = `set_config('synchronous_commit', 'off', true)`

const sweepRows = 50

/**
 * Every operation is one statement, so a transaction and a round trip. Those that change an entry which others may
 * remember tell its key in that same transaction: what is committed is told, and nothing else. A new entry is not
 * told, for nobody remembers that there is none; nor is the end of an entry without a value, a mark, which nobody
 * remembers either: whoever tells holds a lock of the whole server until the commit is on the disk.
 */
export function postgresStatements(prefix: string) {
  const [entries, sets, members, leases] = tableNames(prefix)
  const tell = `pg_notify('${channelName(prefix)}', key)`
  const expired = (table: string) =>
    `ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE expires_at <= ${nowAtStart}
      ORDER BY expires_at LIMIT ${sweepRows} FOR UPDATE SKIP LOCKED))`

  return named(prefix, {
    ping: 'SELECT 1',
    clock: 'SELECT extract(epoch FROM clock_timestamp()) * 1000',
    read: `SELECT value, version, expires_at FROM ${entries} WHERE key = $1 AND expires_at > ${now}`,
    create: `INSERT INTO ${entries} AS e (key, value, version, expires_at)
      VALUES ($1, $2, 1, ${now} + $3::bigint)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1, expires_at = excluded.expires_at
      WHERE e.expires_at <= ${now}`,
    replace: `UPDATE ${entries} SET value = $3, version = version + 1,
      expires_at = coalesce(${now} + nullif($4::text, '')::bigint, expires_at)
      WHERE key = $1 AND version = $2::bigint AND expires_at > ${now} RETURNING version, ${tell}`,
    touch: `UPDATE ${entries} SET expires_at = ${now} + $2::bigint
      WHERE key = $1 AND expires_at > ${now} RETURNING ${tell}, ${lazily}`,
    delete: `DELETE FROM ${entries} WHERE key = $1 AND expires_at > ${now}
      RETURNING CASE WHEN value = '' THEN ${lazily} ELSE ${tell}::text END`,

    // A set that has expired begins anew, as another generation: its old members are none of this one.
    addMember: `WITH it AS (
        INSERT INTO ${sets} AS s (key, generation, expires_at) VALUES ($1, ${now}, ${now} + $4::bigint)
        ON CONFLICT (key) DO UPDATE SET expires_at = greatest(s.expires_at, excluded.expires_at),
          generation = CASE WHEN s.expires_at <= ${now} THEN excluded.generation ELSE s.generation END
        RETURNING generation)
      INSERT INTO ${members} AS m (key, id, long, generation)
      SELECT $1, $2, nullif($3::text, ''), generation FROM it
      ON CONFLICT (key, id) DO UPDATE SET generation = excluded.generation
      WHERE m.generation <> excluded.generation`,
    removeMember: `DELETE FROM ${members} WHERE key = $1 AND id = $2`,
    members: `SELECT coalesce(m.long, m.id) FROM ${sets} s
      JOIN ${members} m ON m.key = s.key AND m.generation = s.generation
      WHERE s.key = $1 AND s.expires_at > ${now}`,

    acquireLease: `INSERT INTO ${leases} AS l (key, owner, expires_at) VALUES ($1, $2, ${now} + $3::bigint)
      ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
      WHERE l.expires_at <= ${now} RETURNING ${lazily}`,
    renewLease: `UPDATE ${leases} SET expires_at = ${now} + $3::bigint
      WHERE key = $1 AND owner = $2 AND expires_at > ${now} RETURNING ${lazily}`,
    releaseLease: `DELETE FROM ${leases} WHERE key = $1 AND owner = $2 AND expires_at > ${now}
      RETURNING ${lazily}`,

    sweepEntries: `DELETE FROM ${entries} WHERE ${expired(entries)} RETURNING ${lazily}`,
    sweepSets: `WITH dead AS (DELETE FROM ${sets} WHERE ${expired(sets)} RETURNING key, ${lazily}),
        gone AS (DELETE FROM ${members} m USING dead WHERE m.key = dead.key)
      SELECT 1 FROM dead`,
    sweepLeases: `DELETE FROM ${leases} WHERE ${expired(leases)} RETURNING ${lazily}`,
  })
}

export type PostgresStatements = ReturnType<typeof postgresStatements>

/** Rows that one of the sweeps takes away at most. */
export const sweepBatch = sweepRows

export function tableNames(prefix: string): [string, string, string, string] {
  return [`${prefix}entries`, `${prefix}sets`, `${prefix}members`, `${prefix}leases`]
}

/** On which changes are told. */
export const channelName = (prefix: string): string => `${prefix}changes`

function named<Name extends string>(
  prefix: string,
  texts: Record<Name, string>,
): Record<Name, PostgresStatement> {
  const all = Object.entries<string>(texts).map(([name, text]) => [
    name,
    { name: `${prefix}${name}`, text },
  ])
  return Object.fromEntries(all)
}
