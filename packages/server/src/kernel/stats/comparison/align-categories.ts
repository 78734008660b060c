/** Two tables of counts by category, brought to the same order. */
export interface AlignedCategories {
  readonly categories: readonly string[]
  readonly reference: Float64Array
  readonly current: Float64Array
}

/** Lines up the counts of two samples by category: the reference's order first, then what only the current has. */
export function alignCategories(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
): AlignedCategories {
  const categories = [...new Set([...reference.keys(), ...current.keys()])]
  return {
    categories,
    reference: Float64Array.from(categories, (category) => reference.get(category) ?? 0),
    current: Float64Array.from(categories, (category) => current.get(category) ?? 0),
  }
}
