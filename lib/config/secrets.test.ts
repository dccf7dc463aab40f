import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createReport } from './report.ts'
import { secrets, weaknessOf } from './secrets.ts'

const random = () => randomBytes(32).toString('base64')

test('A7: random secrets of every usual spelling are accepted, 10,000 of each', () => {
  for (let round = 0; round < 10_000; round++) {
    for (const value of [
      randomBytes(32).toString('base64'),
      randomBytes(32).toString('hex'),
      randomBytes(24).toString('base64url'),
    ]) {
      assert.equal(weaknessOf(value), undefined, value)
    }
  }
  for (let round = 0; round < 500; round++) {
    for (const value of [
      randomBytes(16).toString('hex'),
      randomBytes(48).toString('base64'),
      randomUUID(),
    ]) {
      assert.equal(weaknessOf(value), undefined, value)
    }
  }
})

test('A7: what a dictionary or a walk over the keyboard would guess is refused', () => {
  for (const value of [
    ...['qwertyuiopasdfghjklzxcvbnm1234567890', 'asdfghjklqwertzuiopyxcvbnm0987654321'],
    ...['1q2w3e4r5t6y7u8i9o0p1q2w3e4r5t6y7u8i', '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.'],
    ...['!QAZ@WSX#EDC$RFV%TGB^YHN&UJM*IK<(OL>', 'asdfjkl;asdfjkl;asdfjkl;12345678'],
    ...['correct horse battery staple correct', 'correct-horse-battery-staple-mountain'],
    ...['CorrectHorseBatteryStapleMountain2024', 'c0rr3ct-h0rs3-b4tt3ry-st4pl3-t1g3r5'],
    ...['januaryfebruarymarchaprilmayjunejuly', 'monkey-dragon-sunshine-princess-foot'],
    ...['p4ssw0rdp4ssw0rdp4ssw0rdp4ssw0rd1234', 'iloveyou1iloveyou2iloveyou3iloveyou4'],
    ...['01.01.1990-02.02.1991-03.03.1992-04.04', 'Sommer2024Winter2023Fruehling2022Herbst'],
    ...['our staging box 1 our staging box 2 our', 'TheQuickBrownFoxJumpsOverTheLazyDog1'],
    ...['schmetterling-kartoffel-regenschirm', 'bonjour-fromage-baguette-croissant'],
    ...['to be or not to be, that is the question', 'github.com/acme/storefront-backend-prod'],
  ]) {
    assert.match(weaknessOf(value) ?? 'accepted', /guess|words|example/, value)
  }
})

test('A7: a word or a sentence is refused in its other spellings, and random text is not', () => {
  const digest = (algorithm: string, text: string) => createHash(algorithm).update(text)
  for (const value of [
    digest('md5', 'password').digest('hex'),
    digest('md5', '').digest('hex'),
    digest('sha256', '').digest('hex').toUpperCase(),
    digest('sha256', 'changeme\n').digest('base64'),
    Buffer.from('my super secret password for bff!').toString('base64'),
    Buffer.from('correct horse battery staple').toString('hex'),
    Buffer.from('qwertyuiopasdfghjklzxcvbnm').toString('base64url'),
  ]) {
    assert.match(weaknessOf(value) ?? 'accepted', /guess/, value)
  }
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  for (let round = 0; round < 500; round++) {
    const text = [...randomBytes(40)].map((it) => alphabet[it % alphabet.length]).join('')
    assert.equal(weaknessOf(Buffer.from(text).toString('base64')), undefined, text)
  }
})

test('A7: a few words do no harm to what is random besides', () => {
  for (const value of [
    'correct-horse-x7Kp2mQ9vT4nB8wZ1cR6yH3jL5sD',
    'prod-2024-q8Jr2xkP0vT7nYb4LwZc9dHfGs1mEa6U',
  ]) {
    assert.equal(weaknessOf(value), undefined)
  }
})

test('short, example and guessable values are refused', () => {
  const table: [string, RegExp][] = [
    ['tooshort', /shorter than 32/],
    ['x7Kp2mQ9vT4nB8wZ1cR6yH3jL5sD0f', /shorter than 32/],
    ['change-me-change-me-please-1234567890', /example/],
    ['my-very-long-secret-for-this-app-1', /example/],
    ['PASSWORD-x7Kp2mQ9vT4nB8wZ1cR6yH3j', /example/],
    ['a'.repeat(64), /guess/],
    ['x7Kp2mQ9'.repeat(5), /guess/],
    ['0123456789abcdefghijklmnopqrstuvwxyz', /guess/],
    ['zyxwvutsrqponmlkjihgfedcba9876543210', /guess/],
    ['aabbaabbababbaabbabaabbabbabaabbabab', /guess/],
  ]
  for (const [value, weakness] of table) assert.match(weaknessOf(value) ?? '', weakness, value)
})

test('several secrets are kept newest first, and each one is judged', () => {
  const [newest, older] = [random(), random()]
  const report = createReport()
  assert.deepEqual(secrets({ BFF_SECRET: ` ${newest}, ${older} ` }, report), [newest, older])
  assert.deepEqual(report.problems, [])
  secrets({ BFF_SECRET: `${newest},weak-one,${'b'.repeat(40)}` }, report)
  assert.deepEqual(
    report.problems.map(({ setting, problem }) => `${setting} ${problem}`),
    [
      'BFF_SECRET is shorter than 32 characters (value 2 of 3)',
      'BFF_SECRET is too easy to guess (value 3 of 3)',
    ],
  )
})

test('S2: a refused secret is not repeated in the message', () => {
  const report = createReport()
  secrets({ BFF_SECRET: 'hunter2-hunter2' }, report)
  assert.equal(report.problems.length, 1)
  assert.doesNotMatch(JSON.stringify(report.problems), /hunter2/)
})
