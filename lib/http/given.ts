type Optional<T> = { [K in keyof T as undefined extends T[K] ? K : never]: T[K] }

/** The members that have a value, for a type in which a member is left out rather than undefined. */
export type Given<T> = Omit<T, keyof Optional<T>> & {
  [K in keyof Optional<T>]?: Exclude<T[K & keyof T], undefined>
}

/** Leaves out the members that are undefined: `{ a, ...given({ b, c }) }`. */
export function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Given<T>
}
