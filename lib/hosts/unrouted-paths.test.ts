import assert from 'node:assert/strict'
import { it } from 'node:test'
import { settingsOf } from '../../test/support/settings-of.ts'
import { unroutedPaths } from './unrouted-paths.ts'

it('P41: a path that the platform would route elsewhere stops the start', () => {
  const target = 'https://api.example'
  const settings = settingsOf({
    basePath: '/auth',
    callbackPath: '/bff/back',
    remotes: {
      todos: { target, path: '/todos' },
      named: { target, path: '/api/remote/x/y' },
      orders: { target },
    },
  })
  const problems = unroutedPaths({ ...settings, onVercel: true })
  assert.deepEqual(
    problems.map(({ setting }) => setting),
    ['basePath', 'logoutCallbackPath', 'remotes.todos.path'],
  )
  assert.match(problems.at(-1)?.fix ?? '', /\/api\/remote\/todos/)
  assert.deepEqual(unroutedPaths({ ...settings, onVercel: false }), [])
})
