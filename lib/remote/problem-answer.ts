import { type ProblemCode, type ProblemOptions, problemParts } from '../http/problem.ts'

export interface ProblemAnswerOptions extends ProblemOptions {
  /** A session cookie that has to be renewed. */
  readonly setCookie?: string | undefined
  readonly corsHeaders?: readonly string[]
}

/** A problem in the words of the wire: status, flat headers, body. */
export function problemAnswer(
  code: ProblemCode,
  options: ProblemAnswerOptions,
): { status: number; headers: string[]; body: string } {
  const { status, headers, body } = problemParts(code, options)
  const flat = Object.entries(headers).flat()
  flat.push('content-length', String(Buffer.byteLength(body)))
  if (options.setCookie !== undefined) flat.push('set-cookie', options.setCookie)
  if (options.corsHeaders) flat.push(...options.corsHeaders)
  return { status, headers: flat, body }
}
