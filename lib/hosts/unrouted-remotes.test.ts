import assert from 'node:assert/strict'
import { it } from 'node:test'
import { settingsOf } from '../../test/support/settings-of.ts'
import { unroutedRemotes } from './unrouted-remotes.ts'

it('P41: a path that the platform would route elsewhere stops the start', () => {
  const target = 'https://api.example'
  const { remotes } = settingsOf({
    remotes: {
      todos: { target, path: '/todos' },
      named: { target, path: '/api/remote/x/y' },
      orders: { target },
    },
  })
  const problems = unroutedRemotes({ onVercel: true, remotes })
  assert.deepEqual(
    problems.map(({ setting }) => setting),
    ['remotes.todos.path'],
  )
  assert.match(problems[0]?.fix ?? '', /\/api\/remote\/todos/)
  assert.deepEqual(unroutedRemotes({ onVercel: false, remotes }), [])
})
