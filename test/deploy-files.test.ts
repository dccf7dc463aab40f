import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { loadSettings } from '#lib/config/load-settings.ts'
import { variables } from '#lib/config/variables.ts'

const read = (file: string) => readFileSync(join(import.meta.dirname, '../deploy', file), 'utf8')
const seconds = (text: string) => Number(text.replace(/s$/, ''))
/** What calls in flight have at the end, beside `BFF_DRAIN`. */
const graceSeconds = 30

interface Named {
  name: string
  value: string
}

const compose = parse(read('compose.yaml'))
const kubernetes = parseAllDocuments(read('kubernetes.yaml')).map((each) => each.toJS())
const kindOf = (kind: string) =>
  kubernetes.find((each) => each.kind === kind) ?? assert.fail(`no ${kind}`)

describe('files to deploy with', () => {
  const pod = kindOf('Deployment').spec.template.spec
  const [container] = pod.containers
  const inKubernetes = {
    ...kindOf('Secret').stringData,
    ...Object.fromEntries(container.env.map(({ name, value }: Named) => [name, value])),
  }

  for (const [where, given] of [
    ['compose', compose.services.cloakroom.environment],
    ['kubernetes', inKubernetes],
  ] as const) {
    test(`A39: ${where} sets variables that are read, and has time to end`, () => {
      assert.deepEqual(
        Object.keys(given).filter((name) => !(name in variables)),
        [],
      )
      const drain = seconds(given.BFF_DRAIN)
      const allowed =
        where === 'compose'
          ? seconds(compose.services.cloakroom.stop_grace_period)
          : pod.terminationGracePeriodSeconds
      assert.ok(allowed >= drain + graceSeconds + 5, `${allowed} for ${drain}`)
    })
  }

  test('A39: what is a placeholder keeps it from starting, and nothing else does', () => {
    const wrong = loadSettings({ env: inKubernetes, config: {} })
    assert.deepEqual(
      wrong.ok ? [] : [...new Set(wrong.problems.map(({ setting }) => setting))].sort(),
      ['BFF_SECRET'],
    )
    const env = { ...inKubernetes, BFF_SECRET: 'k8Zp2VxQ7mN4tR9wL3sB6yH1cF5gJ0dA' }
    const { ok } = loadSettings({ env, config: {} })
    assert.ok(ok)
  })

  test('A39: nobody is root, nothing can be written, and probes ask what answers', () => {
    const { cloakroom, redis } = compose.services
    for (const each of [cloakroom, redis]) {
      assert.equal(each.read_only, true)
      assert.deepEqual(each.cap_drop, ['ALL'])
    }
    assert.equal(pod.securityContext.runAsNonRoot, true)
    assert.equal(container.securityContext.readOnlyRootFilesystem, true)
    const paths = [container.livenessProbe, container.readinessProbe].map((it) => it.httpGet.path)
    assert.deepEqual(paths, ['/bff/health/live', '/bff/health/ready'])
    const ports = container.ports.map((it: { containerPort: number }) => it.containerPort)
    assert.deepEqual(ports, [3000, Number(inKubernetes.BFF_METRICS_PORT)])
    assert.match(redis.command.join(' '), /maxmemory-policy noeviction/)
  })
})
