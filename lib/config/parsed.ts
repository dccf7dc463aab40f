/** What a parser of one setting answers. `problem` and `fix` continue the sentence "<setting> …: …". */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string; readonly fix: string }

export function accepted<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function refused(problem: string, fix: string): Parsed<never> {
  return { ok: false, problem, fix }
}
