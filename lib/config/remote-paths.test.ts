import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settingsOf } from '../../test/support/settings-of.ts'
import type { Config } from './define-config.ts'
import { ownPathsOf } from './paths.ts'

const target = 'https://api.example'
const at = (path: string, more: Config = {}): Config => ({
  ...more,
  remotes: { todos: { target, path }, ...more.remotes },
})

function problemsOf(config: Config): string[] {
  try {
    settingsOf(config)
    return []
  } catch (error) {
    const problems: { setting: string; problem: string; fix: string }[] = JSON.parse(
      (error as Error).message,
    )
    return problems.map(({ setting, problem, fix }) => `${setting} ${problem}: ${fix}`)
  }
}

describe('P41: where a remote may lie', () => {
  it('is a place that has one meaning', () => {
    const root = { basePath: '/' }
    for (const [config, says] of [
      [at('/'), /is the whole of the origin/],
      [at('/api/remote'), /remotes without a path/],
      [at('/bff'), /meets \/bff/],
      [at('/bff/todos'), /meets \/bff/],
      [at('/app', { basePath: '/app/bff' }), /meets \/app\/bff/],
      [at('/signin-oidc', { callbackPath: '/signin-oidc' }), /meets \/signin-oidc/],
      [at('/auth', { callbackPath: '/auth/cb' }), /meets \/auth\/cb/],
      [at('/out/x', { logoutCallbackPath: '/out' }), /meets \/out/],
      [at('/user', root), /meets \/user/],
      [at('/user/x', root), /meets \/user/],
      [at('/health', root), /meets \/health\/live/],
      [at('/_next/x'), /meets \/_next/],
      [at('/account', { spa: { protectedPages: ['/account'] } }), /where \/account of spa/],
      [at('/account', { spa: { protectedPages: ['/account/me'] } }), /where \/account\/me of spa/],
    ] as [Config, RegExp][]) {
      const [problem = '', ...others] = problemsOf(config)
      assert.match(problem, says)
      assert.match(problem, /^remotes\.todos\.path .*: use a path of its own, such as \/todos$/)
      assert.deepEqual(others, [])
    }
    const twins = at('/todos', { remotes: { other: { target, path: '/todos/' } } })
    assert.match(problemsOf(twins)[0] ?? '', /^remotes\.other\.path is that of remotes\.todos: /)
    const moved = at('/api/remote/other', { remotes: { other: { target } } })
    assert.match(problemsOf(moved)[0] ?? '', /^remotes\.other\.path is that of remotes\.todos: /)
  })

  it('may be inside another remote, around the prefix, and below a protected page', () => {
    const inner = { target, path: '/todos/inner' }
    for (const config of [
      at('/todos', { remotes: { inner, other: { target } } }),
      at('/api', { remotes: { other: { target } } }),
      at('/api/remote/todos'),
      at('/api/remote/other/todos', { remotes: { other: { target } } }),
      at('/account/api', { spa: { protectedPages: ['/account', '/'] } }),
      at('/todos', { basePath: '/' }),
      at('/bffs'),
    ]) {
      assert.deepEqual(problemsOf(config), [])
    }
  })

  it('is no page, whatever the remote', () => {
    const settings = settingsOf(at('/todos/', { remotes: { other: { target } } }))
    const own = ['/api/remote', '/todos', '/api/remote/other', '/bff']
    assert.deepEqual(ownPathsOf(settings).slice(0, 4), own)
    assert.equal(settings.remotes.todos?.path, '/todos')
  })
})
