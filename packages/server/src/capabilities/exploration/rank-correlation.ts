/** Spearman's rank correlation over the rows where both are numbers, ties at their mean rank; null where one of them never differs. */
export function rankCorrelation(x: readonly (number | null)[], y: readonly number[]): number | null {
  const rows = [...x.keys()].filter((row) => x[row] !== null)
  const [a, b] = [ranksOf(rows.map((row) => x[row] as number)), ranksOf(rows.map((row) => y[row] as number))]
  const middle = (rows.length + 1) / 2
  let [both, ofA, ofB] = [0, 0, 0]
  for (const at of rows.keys()) {
    const [da, db] = [(a[at] as number) - middle, (b[at] as number) - middle]
    both += da * db
    ofA += da * da
    ofB += db * db
  }
  return ofA === 0 || ofB === 0 ? null : both / Math.sqrt(ofA * ofB)
}

function ranksOf(values: readonly number[]): Float64Array {
  const order = [...values.keys()].toSorted((i, j) => (values[i] as number) - (values[j] as number))
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start
    while (end + 1 < order.length && values[order[end + 1] as number] === values[order[start] as number]) end += 1
    for (let at = start; at <= end; at += 1) ranks[order[at] as number] = (start + end) / 2 + 1
    start = end + 1
  }
  return ranks
}
