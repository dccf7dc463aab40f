import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCircuit } from './circuit.ts'

function setUp() {
  const said: string[] = []
  const clock = { now: 0 }
  const circuit = createCircuit({
    now: () => clock.now,
    onOpen: () => said.push('open'),
    onClose: () => said.push('close'),
  })
  const fail = (times: number) => {
    for (let i = 0; i < times; i += 1) circuit.failed()
  }
  return { circuit, clock, said, fail }
}

describe('a circuit', () => {
  it('opens after five connection failures in a row, not before', () => {
    const { circuit, fail, said } = setUp()
    fail(4)
    circuit.succeeded()
    fail(4)
    assert.equal(circuit.admits(), true)
    fail(1)
    assert.equal(circuit.admits(), false)
    assert.deepEqual(said, ['open'])
  })

  it('lets one request probe after a pause that doubles', () => {
    const { circuit, clock, fail } = setUp()
    fail(5)
    clock.now = 1000
    assert.deepEqual([circuit.admits(), circuit.admits()], [true, false])
    fail(1)
    clock.now = 2999
    assert.equal(circuit.admits(), false)
    clock.now = 3000
    assert.equal(circuit.admits(), true)
  })

  it('takes calls that failed together for one failure, whose pause is the first', () => {
    const { circuit, clock, fail } = setUp()
    fail(40)
    clock.now = 999
    assert.equal(circuit.admits(), false)
    clock.now = 1000
    assert.equal(circuit.admits(), true)
    fail(40)
    clock.now = 2999
    assert.equal(circuit.admits(), false)
    clock.now = 3000
    assert.equal(circuit.admits(), true)
  })

  it('closes when the probe succeeds, and forgets the long pauses', () => {
    const { circuit, clock, fail, said } = setUp()
    fail(8)
    clock.now = 60_000
    assert.equal(circuit.admits(), true)
    circuit.succeeded()
    assert.deepEqual([circuit.admits(), circuit.admits()], [true, true])
    assert.deepEqual(said, ['open', 'close'])
    fail(5)
    clock.now += 1000
    assert.equal(circuit.admits(), true)
  })

  it('sends another probe when one has been silent for too long', () => {
    const { circuit, clock, fail } = setUp()
    fail(5)
    clock.now = 1000
    assert.equal(circuit.admits(), true)
    clock.now = 11_000
    assert.equal(circuit.admits(), true)
  })
})
