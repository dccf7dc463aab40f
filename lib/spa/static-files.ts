import type { IncomingMessage, ServerResponse } from 'node:http'
import mime from 'mime-types'
import send from 'send'
import { accepts, encodings } from './encodings.ts'
import { fileIn } from './file-in.ts'
import { isHashed } from './served-path.ts'

/** For a year, which is for ever (RFC 9111 section 5.2.2, RFC 8246). */
const forEver = 'public, max-age=31536000, immutable'

/**
 * Files of a folder: ranges, validators, and the compressed one that lies beside a file (`app.js.br`). Answers false,
 * with nothing written, when there is no such file. `path` is decoded, and tidy.
 */
export function createStaticFiles(root: string) {
  return async (request: IncomingMessage, response: ServerResponse, path: string) => {
    if (!(await fileIn(root, path))) return false
    const encoded = await encodedBeside(root, path, request.headers['accept-encoding'])
    response.setHeader(
      'content-type',
      mime.contentType(path.slice(path.lastIndexOf('/') + 1)) || 'application/octet-stream',
    )
    response.setHeader('cache-control', isHashed(path) ? forEver : 'no-cache')
    if (encoded.some) response.setHeader('vary', 'Accept-Encoding')
    if (encoded.coding) response.setHeader('content-encoding', encoded.coding)
    const file = encodeURI(`${path}${encoded.ending}`).replaceAll('?', '%3F').replaceAll('#', '%23')
    return new Promise<boolean>((resolve, reject) => {
      send(request, file, { root, index: false, dotfiles: 'allow', cacheControl: false })
        .on('directory', () => resolve(false))
        .on('error', (error: Error & { status?: number }) => {
          // It went away in between.
          if (error.status === 404) {
            for (const name of ['content-type', 'cache-control', 'content-encoding', 'vary']) {
              response.removeHeader(name)
            }
            return resolve(false)
          }
          if (error.status === 416 || error.status === 412) {
            response.removeHeader('content-encoding')
            response.writeHead(error.status, { 'cache-control': 'no-cache' }).end()
            return resolve(true)
          }
          reject(error)
        })
        .pipe(response)
        .once('close', () => resolve(true))
    })
  }
}

async function encodedBeside(root: string, path: string, header: string | undefined) {
  const there = await Promise.all(
    encodings.map(async (each) => ((await fileIn(root, path + each.ending)) ? [each] : [])),
  )
  const beside = there.flat()
  const taken = beside.find(({ coding }) => accepts(header, coding))
  return { some: beside.length > 0, coding: taken?.coding, ending: taken?.ending ?? '' }
}
