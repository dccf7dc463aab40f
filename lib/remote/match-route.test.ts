import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createRoutes } from './match-route.ts'

const routesOf = (...paths: string[]) =>
  createRoutes(
    paths.map((path) => [path, path]),
    '/api/remote',
  )

describe('P40: which remote a target belongs to', () => {
  it('is cut into path and query, and nothing is decoded', () => {
    const { match } = routesOf('/api/remote/orders', '/todos')
    for (const [prefix, rest] of [
      ['/api/remote/orders', ['/a%2f/b', '?c=/d?e']],
      ['/api/remote/orders', ['', '?a/b']],
      ['/todos', ['', '']],
      ['/todos', ['/', '']],
      ['/todos', ['//x', '?']],
      ['/todos', ['/../bff/user', '']],
    ] as [string, [path: string, query: string]][]) {
      const [path, query] = rest
      assert.deepEqual(match(prefix + path + query), { remote: prefix, path, query })
    }
  })

  it('is the one whose path is the longest, on whole segments', () => {
    const { match } = routesOf('/api', '/api/v2', '/api/v2/users/all')
    const remoteOf = (target: string) => match(target)?.remote
    assert.equal(remoteOf('/api/v1'), '/api')
    assert.equal(remoteOf('/api/v22'), '/api')
    assert.equal(remoteOf('/api/v2?/users/all'), '/api/v2')
    assert.equal(remoteOf('/api/v2/users/alle'), '/api/v2')
    assert.equal(remoteOf('/api/v2/users/all/x'), '/api/v2/users/all')
  })

  it('is none for another spelling of a path', () => {
    const { match, handles } = routesOf('/todos')
    const others = ['/Todos', '/t%6fdos', '//todos', '/x/../todos', '/todos;x', '/todos#x', 'todos']
    for (const target of [...others, '/todosx', '/', '', '?/todos', '*', 'http://a/todos']) {
      assert.equal(match(target), undefined, target)
      assert.equal(handles(target), false, target)
    }
  })

  it('is none below the prefix for a remote that has a path of its own', () => {
    for (const routes of [routesOf('/todos'), routesOf('/api'), routesOf()]) {
      for (const target of [
        '/api/remote',
        '/api/remote?x',
        '/api/remote/todos/1',
        '/api/remote/',
      ]) {
        assert.equal(routes.handles(target), true, target)
      }
    }
    assert.equal(routesOf('/todos').match('/api/remote/todos'), undefined)
    assert.equal(routesOf().handles('/api/remotely'), false)
    assert.equal(routesOf().unknownName('/api/remote/todos/1?a/b'), 'todos')
    assert.equal(routesOf().unknownName('/api/remote?a'), undefined)
  })

  it('is, for any paths, exactly the one with the longest path that the target lies below', () => {
    const segment = fc.constantFrom('a', 'b', 'ab')
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((it) => `/${it.join('/')}`)
    const rest = fc.array(fc.constantFrom('/', 'a', 'b', '%61', '..', '?', ';', '#', '\\', 'x'), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 6 }), path, rest, (paths, begin, pieces) => {
        const target = begin + pieces.join('')
        const asked = target.split('?', 1)[0] ?? ''
        const expected = paths
          .filter((it) => `${asked}/`.startsWith(`${it}/`))
          .sort((one, other) => other.length - one.length)[0]
        const found = routesOf(...paths).match(target)
        assert.equal(found?.remote, expected)
        if (found) assert.equal(found.remote + found.path + found.query, target)
      }),
      { numRuns: 2000 },
    )
  })
})
