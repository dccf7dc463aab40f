/**
 * The value of a parameter that may occur once. `{ ok: false }` when it occurs twice or is not sane:
 * longer than `maxLength`, or with control characters (L4).
 */
export function singleParameter(
  parameters: URLSearchParams,
  name: string,
  maxLength = 512,
): { ok: true; value: string | undefined } | { ok: false } {
  const values = parameters.getAll(name)
  if (values.length > 1) return { ok: false }
  const [value] = values
  if (value === undefined || value === '') return { ok: true, value: undefined }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (value.length > maxLength || /[\u0000-\u001f\u007f]/.test(value)) return { ok: false }
  return { ok: true, value }
}
