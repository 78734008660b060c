import { readFile } from 'node:fs/promises'
import type { ScoredRows } from './compute.ts'

/** Reads the CSV that `scoredRowsSql` wrote: day, label, score, the champion's score where there is one, and a code for each slice. Numbers only. */
export async function readScoredRows(
  path: string,
  { champion, slices }: { champion: boolean; slices: number },
): Promise<ScoredRows> {
  const text = await readFile(path, 'latin1')
  const end = text.endsWith('\n') ? text.length - 1 : text.length
  const from = text.indexOf('\n') + 1
  let count = 0
  for (let at = from; at < end; at = text.indexOf('\n', at) + 1) {
    count += 1
    if (text.indexOf('\n', at) === -1) break
  }
  const columns = 3 + (champion ? 1 : 0) + slices
  const values = Array.from({ length: columns }, () => new Float64Array(count))
  let at = from
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < columns; column++) {
      const stop = column === columns - 1 ? lineEnd(text, at) : text.indexOf(',', at)
      ;(values[column] as Float64Array)[row] = Number(text.slice(at, stop))
      at = stop + 1
    }
  }
  const [days, labels, scores, ...rest] = values as [Float64Array, Float64Array, Float64Array, ...Float64Array[]]
  const championScores = champion ? rest.shift() : undefined
  return {
    days: Int32Array.from(days),
    labels,
    scores,
    ...(championScores ? { championScores } : {}),
    slices: rest.map((codes) => Int32Array.from(codes)),
  }
}

function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at)
  return found === -1 ? text.length : found
}
