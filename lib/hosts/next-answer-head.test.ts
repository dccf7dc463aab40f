import assert from 'node:assert/strict'
import { it } from 'node:test'
import { tellHead } from './next-answer-head.ts'

// RFC 6265 section 4.1.1. Nobody hears in this process what is told, as on Vercel.
it('P4: a cookie that Next would make two of is left out where nobody mends the head', () => {
  const sound = ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/', 'b=x,y,z', 'c=1; Path=/,']
  const split = ['lang=de,bff=x; Path=/', 'd=1, e=2', 'f="a,=b"', 'g=1,\t h =2', 'i=1; Path=/,j=2']
  const response = new Response(null, { headers: { 'x-kept': '1' } })
  for (const cookie of [...split, ...sound]) response.headers.append('set-cookie', cookie)
  tellHead(response)
  assert.deepEqual(response.headers.getSetCookie(), sound)
  assert.equal(response.headers.get('x-cloakroom-head'), null)
})
