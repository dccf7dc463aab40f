/** `write idle, …` when one of the known names is a slip of the finger away. */
export function suggestion(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((each) => [each, distance(name.toLowerCase(), each.toLowerCase())])
  const [best] = (distances as [string, number][]).sort((left, right) => left[1] - right[1])
  const near = best && best[1] <= (best[0].length < 4 ? 1 : 2)
  return near ? `write ${best[0]}, if that is what you mean` : undefined
}

/** Levenshtein's: how many letters have to be put in, taken out or changed. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [above, letter] of [...left].entries()) {
    const next = [above + 1]
    for (const [column, other] of [...right].entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
