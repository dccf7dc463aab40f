import { engine } from '../../../engine.ts'

export const runtime = 'nodejs'
export const dynamic = 'force-dynamic'

const handle = (request: Request) => engine.handleRemote(request)

export {
  handle as DELETE,
  handle as GET,
  handle as HEAD,
  handle as OPTIONS,
  handle as PATCH,
  handle as POST,
  handle as PUT,
}
