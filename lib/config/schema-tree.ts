interface SchemaDef {
  readonly innerType?: unknown
  readonly defaultValue?: unknown
  readonly valueType?: unknown
  readonly shape?: Readonly<Record<string, unknown>>
  readonly entries?: Readonly<Record<string, string>>
  readonly values?: readonly unknown[]
}

/** What a schema says, below its default and whether it may be left out. */
function unwrap(schema: unknown): SchemaDef | undefined {
  const def = (schema as { def?: SchemaDef } | undefined)?.def
  return def?.innerType === undefined ? def : unwrap(def.innerType)
}

/** The settings right below a schema, by name. */
export function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  return unwrap(schema)?.shape ?? {}
}

/** The schema of each entry, for what holds entries of any name. */
export function entryOf(schema: unknown): unknown {
  return unwrap(schema)?.valueType
}

/** The values to choose from, in the order in which they were written. */
export function choicesOf(schema: unknown): readonly unknown[] | undefined {
  const { entries, values } = unwrap(schema) ?? {}
  return entries ? Object.values(entries) : values
}

/** What a setting is when it is left out, as it would be written; undefined when a rule of its section says that. */
export function defaultOf(schema: unknown): unknown {
  const def = (schema as { def?: SchemaDef } | undefined)?.def
  return def?.innerType === undefined ? undefined : (def.defaultValue ?? defaultOf(def.innerType))
}

/** Names that a schema knows at a path; any key leads into a record. */
export function namesAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  const at = path.reduce((it, key) => shapeOf(it)[String(key)] ?? entryOf(it), schema)
  return Object.keys(shapeOf(at))
}
