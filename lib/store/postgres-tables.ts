import { tableNames } from './postgres-statements.ts'

/** The role may not do what the store needs. */
export class RightMissingError extends Error {
  readonly code = 'right_missing'
  /** As in GRANT. */
  readonly right: string
  readonly on: string
  constructor(right: string, on: string) {
    super(`the role lacks ${right} on ${on}`)
    this.right = right
    this.on = on
    this.name = 'RightMissingError'
  }
}

/** Before version 13 an answer may come before what was told earlier. */
class ServerTooOldError extends Error {
  readonly code = 'server_too_old'
}

export type Query = (text: string) => Promise<readonly (readonly unknown[])[]>

const needed = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const

/**
 * Makes the tables that are not there. Whoever comes first makes them all: the others wait for the lock.
 * A role that may not create anything is enough where they are there.
 *
 * @throws RightMissingError, ServerTooOldError
 */
export async function makeTables(query: Query, prefix: string): Promise<void> {
  const [state] = await query(
    `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), ${allThere(prefix)}`,
  )
  const [version, isStandby, isComplete] = state ?? []
  if (Number(version) < 130_000) throw new ServerTooOldError(`server_version_num ${version}`)
  // It can be read and never written, and changes are not told there. Until it is promoted, an outage.
  if (isStandby === true) throw new Error('this PostgreSQL is a standby')
  if (isComplete !== true) await create(query, prefix)
  const rights = tableNames(prefix).flatMap((table) => needed.map((right) => ({ table, right })))
  const questions = rights.map(({ table, right }) => `has_table_privilege('${table}', '${right}')`)
  const [row = []] = await query(`SELECT ${questions.join(', ')}`)
  const missing = rights.find((_, i) => row[i] !== true)
  if (missing) throw new RightMissingError(missing.right, `table ${missing.table}`)
}

const allThere = (prefix: string): string =>
  tableNames(prefix)
    .map((table) => `to_regclass('${table}') IS NOT NULL`)
    .join(' AND ')

async function create(query: Query, prefix: string): Promise<void> {
  const [row] = await query(
    `SELECT current_schema(), has_schema_privilege(current_schema(), 'CREATE')`,
  )
  const [schema, mayCreate] = row ?? []
  if (typeof schema !== 'string') throw new RightMissingError('USAGE', 'any schema in search_path')
  if (mayCreate !== true) throw new RightMissingError('CREATE', `schema ${schema}`)
  // Several statements sent as one are one transaction, and the lock is held until its end.
  await query(tableDefinitions(prefix))
}

/** What an operator runs by hand where the server's role may not create tables. */
export function tableDefinitions(prefix: string): string {
  const [entries, sets, members, leases] = tableNames(prefix)
  // Of the values nothing can be compressed: they are encrypted. A touch changes the expiry alone, and a page
  // with room in it is vacuumed sooner than the usual fifth of the table.
  const often = 'WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)'
  return `SELECT pg_advisory_xact_lock(hashtextextended('${prefix}tables', 0));
CREATE TABLE IF NOT EXISTS ${entries} (
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL,
  version bigint NOT NULL,
  expires_at bigint NOT NULL
) ${often};
ALTER TABLE ${entries} ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS ${entries}_expiry ON ${entries} (expires_at);
CREATE TABLE IF NOT EXISTS ${sets} (
  key text COLLATE "C" PRIMARY KEY,
  generation bigint NOT NULL,
  expires_at bigint NOT NULL
) ${often};
CREATE INDEX IF NOT EXISTS ${sets}_expiry ON ${sets} (expires_at);
CREATE TABLE IF NOT EXISTS ${members} (
  key text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  long text,
  generation bigint NOT NULL,
  PRIMARY KEY (key, id)
) ${often};
CREATE TABLE IF NOT EXISTS ${leases} (
  key text COLLATE "C" PRIMARY KEY,
  owner text NOT NULL,
  expires_at bigint NOT NULL
) ${often};
CREATE INDEX IF NOT EXISTS ${leases}_expiry ON ${leases} (expires_at);
`
}
