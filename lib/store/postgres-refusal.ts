import type { RightMissingError } from './postgres-tables.ts'

export interface PostgresRefusal {
  readonly problem: string
  readonly fix: string
}

/** Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const refusals: Readonly<Record<string, PostgresRefusal>> = {
  password_missing: {
    problem: 'names no password, and PostgreSQL asks for one',
    fix: 'write postgres://user:password@host:5432/database',
  },
  server_too_old: {
    problem: 'leads to a PostgreSQL older than 13',
    fix: 'name one of version 13 or later',
  },
  '28P01': {
    problem: 'has a user or password that PostgreSQL refuses',
    fix: 'correct them; special characters of a password are written as %40 and the like',
  },
  '28000': {
    problem: 'names a user whom PostgreSQL does not let in from here',
    fix: 'correct the user, make the role, or add a line to pg_hba.conf; with sslmode=require if it asks for TLS',
  },
  '3D000': {
    problem: 'names a database that does not exist',
    fix: 'correct the name at its end, or make it with CREATE DATABASE',
  },
  '42501': {
    problem: 'names a user who lacks a right in that database',
    fix: 'grant it CONNECT on the database and USAGE on the schema',
  },
}

/** What the TLS library calls a certificate that it does not trust. */
const certificateCodes = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]

/** What DATABASE_URL has to do with it that the server turned us away; undefined for an outage, which may pass. */
export function postgresRefusal(cause: unknown): PostgresRefusal | undefined {
  const { code } = (cause ?? {}) as { code?: unknown }
  if (code === 'right_missing') {
    const { right, on } = cause as RightMissingError
    return {
      problem: `names a user who lacks ${right} on ${on}`,
      fix: `run GRANT ${right} ON ${on.replace(/^\w+/, (kind) => kind.toUpperCase())} TO that user, or see docs/storage.md`,
    }
  }
  if (certificateCodes.includes(String(code))) {
    return {
      problem: 'leads to a server whose certificate is not trusted',
      fix: 'add sslrootcert=<file of its authority>, and name the host as the certificate does',
    }
  }
  return refusals[String(code)]
}
