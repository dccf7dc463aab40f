import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { House } from './house.ts'
import { checkImportDirection } from './import-direction.ts'
import { checkPackagePlaces } from './package-places.ts'

const houseOf = (files: Record<string, string>): House => new Map(Object.entries(files))

describe('import direction', () => {
  const refused: [title: string, file: string, source: string, says: RegExp][] = [
    ['upwards', 'lib/http/a.ts', "import { b } from '../store/b.ts'", /http lies below store/],
    ['a neighbour', 'lib/config/a.ts', "import { b } from '../store/b.ts'", /are neighbours/],
    ['a type upwards', 'lib/oidc/a.ts', "import type { B } from '../tokens/b.ts'", /lies below/],
    ['an export upwards', 'lib/oidc/a.ts', "export { b } from '../bff.ts'", /lies below bff/],
    ['import() upwards', 'lib/oidc/a.ts', "const b = await import('../bff.ts')", /lies below bff/],
    ['the demo from lib', 'lib/bff.ts', "import { b } from '../demo/b.ts'", /nothing of ours/],
    ['an alias', 'lib/http/a.ts', "import { b } from '#lib/store/b.ts'", /lies below store/],
    ['a new room', 'lib/attic/a.ts', "import { b } from '../http/b.ts'", /has no row/],
    ['lib from client', 'client/a.ts', "import { b } from '#lib/http/b.ts'", /only client\//],
    [
      'what it tests from a stand-in',
      'test/stand-ins/a.ts',
      "import '#lib/oidc/b.ts'",
      /lib\/http\//,
    ],
    ['the demo from the app', 'app/layout.tsx', "import './(demo)/spa/b.tsx'", /can be deleted/],
    ['the demo from a test', 'test/a.test.ts', "import '../demo/b.ts'", /can be deleted/],
  ]
  for (const [title, file, source, says] of refused) {
    test(`refuses ${title}, with its line`, () => {
      const [finding, ...rest] = checkImportDirection(
        houseOf({ [file]: `// first line\n${source}\n` }),
      )
      assert.equal(finding?.line, 2)
      assert.match(finding.message, says)
      assert.deepEqual(rest, [])
    })
  }

  test('allows rows below, the own room, and from outside everything', () => {
    const house = houseOf({
      'lib/bff.ts': "import './router.ts'\nimport './http/problem.ts'",
      'lib/remote/a.ts': "import './b.ts'\nimport '../tokens/c.ts'\nimport 'undici'",
      'lib/remote/a.test.ts': "import '../../test/support/d.ts'",
      'app/page.tsx': "import '#lib/hosts/next.ts'\nimport '../client/bff.ts'",
      'test/stand-ins/api.ts': "import '../../lib/http/problem.ts'",
      'demo/demo.ts': "import '../test/stand-ins/api.ts'\nimport '#lib/config/env-file.ts'",
      'test/e.test.ts': "import '#lib/session/sessions.ts'",
    })
    assert.deepEqual(checkImportDirection(house), [])
  })
})

describe('packages', () => {
  const refused: [file: string, source: string, says: RegExp][] = [
    ['lib/session/ticket.ts', "import { sealData } from 'iron-session'", /lib\/session\/seal.ts/],
    ['lib/hosts/next.ts', "import { NextResponse } from 'next/server'", /next, whose place/],
    ['lib/bff.ts', "import type { FC } from 'react'", /react, whose place/],
    ['lib/store/memory.ts', "import { DatabaseSync } from 'node:sqlite'", /node:sqlite/],
    ['app/page.tsx', "import { createClient } from '@redis/client'", /@redis\/client, whose place/],
    ['lib/http/a.ts', "import _ from 'lodash'", /does not list/],
    ['client/bff.ts', "import { z } from 'zod'", /zod, whose place/],
  ]
  for (const [file, source, says] of refused) {
    test(`refuses ${source} in ${file}`, () => {
      const [finding, ...rest] = checkPackagePlaces(houseOf({ [file]: source }))
      assert.match(finding?.message ?? '', says)
      assert.deepEqual(rest, [])
    })
  }

  test('allows each package in its place, and all of them in tests', () => {
    const house = houseOf({
      'lib/session/seal.ts': "import { sealData } from 'iron-session'",
      'lib/store/redis.ts': "import { createClient } from '@redis/client'",
      'lib/http/a.ts': "import { isIP } from 'node:net'",
      'app/page.tsx': "import { useState } from 'react'",
      'test/a.test.ts': "import { generateKeyPair } from 'jose'",
    })
    assert.deepEqual(checkPackagePlaces(house), [])
  })
})
