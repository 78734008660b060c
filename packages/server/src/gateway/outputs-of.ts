import { columnNames, plainValue } from '../kernel/models/index.ts'
import type { OutputColumn } from './live-release.ts'

type Scalar = number | string | boolean | null

/** The outputs of one row by column name. */
export function outputsOf(
  outputs: readonly OutputColumn[],
  row: number,
  most = Number.POSITIVE_INFINITY,
): Record<string, Scalar> {
  const found: Record<string, Scalar> = {}
  for (const output of outputs) {
    if (output.width > most) found[output.name] = `${output.width} values`
    else if (output.width === 1) found[output.name] = plainValue(output as never, row)
    else
      for (const [index, name] of columnNames(output.name, output.width).entries())
        found[name] = plainValue(output as never, row * output.width + index)
  }
  return found
}
