import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { startFailure } from '#lib/hosts/start-failure.ts'
import { type AppFolder, appFolder, runCommand } from './support/command.ts'
import { postgresQuery, startPostgresServer } from './support/postgres-server.ts'
import { startRedisSentinels } from './support/redis-sentinel.ts'
import { startRedisServer } from './support/redis-server.ts'

const right = {
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'app',
  OIDC_CLIENT_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
  BFF_BASE_URL: 'http://localhost:3000',
  BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA',
  BFF_SQLITE_FILE: 'sessions.db',
}

interface Mistake {
  /** As the table of docs/operations.md has it. */
  readonly title: string
  readonly says: RegExp
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** What cannot be put into a file. Answers more variables. */
  prepare?(folder: AppFolder, t: TestContext): Promise<Record<string, string>>
}

const mistakes: readonly Mistake[] = [
  {
    title: 'a port that is taken',
    says: /^ {2}- PORT is \d+ at 127\.0\.0\.1, which another process uses: stop that one, or set another port\.$/m,
    async prepare(_folder, t) {
      const server = createServer().listen(0, '127.0.0.1')
      t.after(() => server.close())
      await once(server, 'listening')
      return { PORT: String((server.address() as AddressInfo).port) }
    },
  },
  {
    title: 'an address that is not of this machine',
    env: { HOST: '203.0.113.7', BFF_TRUST_PROXY: '10.0.0.1' },
    says: /- HOST is 203\.0\.113\.7, which is no address of this machine: set 127\.0\.0\.1, /,
  },
  {
    title: 'a socket in a folder that is not there',
    env: { HOST: 'unix:/nowhere/at/all/app.sock', BFF_TRUST_PROXY: 'unix' },
    says: /- HOST is \/nowhere\/at\/all\/app\.sock, in a folder that does not exist: make it, /,
  },
  {
    title: 'a folder that cannot be written',
    env: { BFF_SQLITE_FILE: '/dev/null/sessions.db' },
    says: /- BFF_SQLITE_FILE is \/dev\/null\/sessions\.db, which this user cannot write: give it the right /,
  },
  {
    title: 'a file that is no database',
    files: {
      'sessions.db': 'no database, but a text that is as long as the head of one. '.repeat(4),
    },
    says: /- BFF_SQLITE_FILE is sessions\.db, which is damaged or no SQLite database: name another /,
  },
  {
    title: 'a database of a newer version',
    async prepare({ path }) {
      const db = new DatabaseSync(join(path, 'sessions.db'))
      db.exec('PRAGMA user_version = 99')
      db.close()
      return {}
    },
    says: /- BFF_SQLITE_FILE is sessions\.db, which a newer version of Cloakroom has written: start /,
  },
  {
    title: 'a database that somebody locks',
    async prepare({ path }, t) {
      const db = new DatabaseSync(join(path, 'sessions.db'))
      t.after(() => db.close())
      db.exec('PRAGMA user_version = 1; BEGIN EXCLUSIVE')
      return {}
    },
    says: /- BFF_SQLITE_FILE is sessions\.db, which another program keeps locked: end that program, /,
  },
  {
    title: 'a database that refuses the password',
    prepare: (_folder, t) => guardedDatabase(t, 'app:wrong', 'postgres'),
    says: /- DATABASE_URL has a user or password that PostgreSQL refuses: correct them; /,
  },
  {
    title: 'a database that asks for a password',
    prepare: (_folder, t) => guardedDatabase(t, 'app', 'postgres'),
    says: /- DATABASE_URL names no password, and PostgreSQL asks for one: write postgres:\/\/user:/,
  },
  {
    title: 'a database that does not exist',
    prepare: (_folder, t) => guardedDatabase(t, 'app:secret', 'nowhere'),
    says: /- DATABASE_URL names a database that does not exist: correct the name at its end, /,
  },
  {
    title: 'a database that gives no right to make tables',
    prepare: (_folder, t) => guardedDatabase(t, 'app:secret', 'postgres'),
    says: /- DATABASE_URL names a user who lacks CREATE on schema public: run GRANT CREATE ON SCHEMA public TO /,
  },
  {
    title: 'a Redis that refuses the password',
    prepare: (_folder, t) => guardedRedis(t, ':wrong@'),
    says: /- REDIS_URL has a user or password that Redis refuses: write redis:\/\/user:password@host/,
  },
  {
    title: 'a Redis that asks for a password',
    prepare: (_folder, t) => guardedRedis(t, ''),
    says: /- REDIS_URL has a user or password that Redis refuses: /,
  },
  {
    title: 'a node of a cluster that is taken for one server',
    prepare: (_folder, t) => startRedis(t, ['--cluster-enabled', 'yes']),
    says: /- REDIS_CLUSTER is not true, and the server is a node of a cluster: set REDIS_CLUSTER=true\.$/m,
  },
  {
    title: 'one Redis that is taken for a cluster',
    prepare: async (_folder, t) => ({ ...(await startRedis(t, [])), REDIS_CLUSTER: 'true' }),
    says: /- REDIS_CLUSTER is true, and the server is no node of a cluster: take it out, /,
  },
  {
    title: 'sentinels that want a password of their own',
    async prepare(_folder, t) {
      const sentinels = await startRedisSentinels({ password: 'theirs' })
      t.after(() => sentinels.close())
      const { url: REDIS_URL, master: REDIS_SENTINEL } = sentinels
      return { BFF_STORE: 'redis', REDIS_URL, REDIS_SENTINEL }
    },
    says: /- REDIS_SENTINEL_PASSWORD is not what the sentinels want: /,
  },
  {
    title: 'a variable that is missing',
    env: { OIDC_ISSUER: '' },
    says: /one setting must be put right:\n {2}- OIDC_ISSUER is not set: /,
  },
  {
    title: 'a secret that can be guessed',
    env: { BFF_SECRET: 'correct horse battery staple correct horse' },
    says: /- BFF_SECRET is [^\n]+: make one with `openssl rand -base64 32`/,
  },
  {
    title: 'a setting that does not exist',
    files: { 'bff.config.json': '{ "session": { "idel": "30m" } }' },
    says: /- session\.idel [^\n]+: write idle, /,
  },
  {
    title: 'a configuration that is not there',
    args: ['--config', 'elsewhere.ts'],
    says: /^cloakroom: there is no file \S+elsewhere\.ts\.$/m,
  },
  {
    title: 'a configuration that does not parse',
    files: { 'bff.config.mjs': '\nexport default {\n  basePath: "/bff",\n  session: }\n' },
    says: /^cloakroom: bff\.config\.mjs:4: Unexpected token '\}'\.$/m,
  },
  {
    title: 'TypeScript that does not parse',
    files: { 'bff.config.ts': '\nexport default {\n  session: }\n' },
    says: /^cloakroom: bff\.config\.ts:3: [^\n]+\.$/m,
  },
  {
    title: 'a configuration that fails',
    files: { 'bff.config.mjs': 'const on = undefined\nexport default { basePath: on.path }\n' },
    says: /^cloakroom: bff\.config\.mjs:2: Cannot read properties of undefined/m,
  },
  {
    title: 'a configuration that exports nothing',
    files: { 'bff.config.mjs': 'const config = {}\n' },
    says: /^cloakroom: bff\.config\.mjs has no default export: write `export default \{\}`\.$/m,
  },
  {
    title: 'JSON that does not parse',
    files: { 'bff.config.json': '{ nope' },
    says: /- BFF_CONFIG_FILE names \S+bff\.config\.json, which is no JSON: put right its syntax\.$/m,
  },
]

/** PostgreSQL with a user `app`, password `secret`, who may create nothing. */
async function guardedDatabase(t: TestContext, user: string, database: string) {
  const server = await startPostgresServer({ access: ['host all app 127.0.0.1/32 scram-sha-256'] })
  t.after(() => server.close())
  const role = `CREATE ROLE app LOGIN PASSWORD 'secret'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`
  await postgresQuery(server.url, role)
  const url = `postgres://${user}@127.0.0.1:${server.port}/${database}`
  return { BFF_STORE: 'postgres', DATABASE_URL: url }
}

async function startRedis(t: TestContext, args: readonly string[], user = '') {
  const server = await startRedisServer({ args })
  t.after(() => server.close())
  return { BFF_STORE: 'redis', REDIS_URL: `redis://${user}127.0.0.1:${server.port}` }
}

const guardedRedis = (t: TestContext, user: string) =>
  startRedis(t, ['--requirepass', 'secret'], user)

describe('a start that cannot be', () => {
  for (const mistake of mistakes) {
    const { says, env = {}, files = {}, args = [] } = mistake
    test(`A37: ${mistake.title}`, async (t) => {
      const folder = appFolder(files)
      t.after(() => folder.remove())
      const more = (await mistake.prepare?.(folder, t)) ?? {}
      const options = { cwd: folder.path, env: { ...right, ...env, ...more } }
      const { code, stdout, stderr } = await runCommand(['serve', ...args], options)
      assert.equal(code, 1, stdout)
      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack')
    })
  }

  test('A37: each of them is a line of docs/operations.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/operations.md'), 'utf8')
    const section = page.split('## What a start says\n')[1]?.split('\n## ')[0] ?? ''
    const rows = section.split('\n').filter((line) => line.startsWith('| '))
    const told = rows.slice(2).map((line) => line.split('|')[1]?.trim())
    assert.deepEqual(told, [...mistakes.map(({ title }) => title), ...elsewhere])
  })
})

/** What cannot be had as the superuser, who runs some tests. */
const elsewhere = ['a port below 1024', 'a socket where the user may not listen']

describe('what keeps a host from listening, told', () => {
  const store = { kind: 'memory' } as const
  const listen = (code: string) => Object.assign(new Error(code), { code, syscall: 'listen' })
  for (const [title, host, says] of [
    ['a port below 1024', '127.0.0.1', 'PORT is 80 at 127.0.0.1, where this user may not listen'],
    [
      'a socket where the user may not listen',
      'unix:/tmp/app.sock',
      'HOST is /tmp/app.sock, where this user may not listen',
    ],
  ] as const) {
    test(`A37: told: ${title}`, () => {
      const told = startFailure(listen('EACCES'), { host, port: 80, store })
      assert.equal(`${told?.setting} ${told?.problem}`, says)
    })
  }

  test('A37: what nobody foresaw is not made up', () => {
    assert.equal(startFailure(listen('EMFILE'), { host: '::', port: 80, store }), undefined)
    assert.equal(startFailure(undefined, { host: '::', port: 80, store }), undefined)
  })
})
