import { seriesStroke } from '../../charts/chart-types.ts'
import { runColor } from './run-curves.tsx'

interface RunMarkProps {
  readonly index: number
  readonly id: string
  readonly base: string | undefined
}

/** The colour of a run on a page that compares. */
export function RunMark({ index, id, base }: RunMarkProps) {
  return (
    <svg width="9" height="9" aria-hidden>
      <rect width="9" height="9" fill={seriesStroke(runColor(index, id, base))} />
    </svg>
  )
}
