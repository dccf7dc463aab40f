/** About 1 KB of JSON, as an API gives it. */
export function itemsJson(): string {
  const items = Array.from({ length: 14 }, (_, id) => ({
    id,
    name: `item ${id}`,
    price: 9.5,
    tags: ['a', 'b'],
  }))
  return JSON.stringify({ items, total: items.length, next: null })
}
