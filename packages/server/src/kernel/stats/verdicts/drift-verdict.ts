import type { WindowVerdict } from './persistence.ts'

/** One feature in one window, after its p-value was adjusted together with those of all other features. */
export interface DriftEvidence {
  readonly effect: number
  readonly qValue: number
  /** The smallest effect worth an alert. */
  readonly floor: number
  /** Rows in the window, and the rows that it needs (`minimumWindow`). */
  readonly rows: number
  readonly rowsNeeded: number
}

/**
 * Judges one feature in one window: `breach` when the false-discovery rate admits it and the effect reaches its floor,
 * `severe` at ten times the floor (unless told), `unknown` when the window is too small to judge, otherwise `clear`.
 */
export function driftVerdict(
  { effect, qValue, floor, rows, rowsNeeded }: DriftEvidence,
  { falseDiscoveryRate = 0.05, severeTimes = 10 }: { falseDiscoveryRate?: number; severeTimes?: number } = {},
): WindowVerdict['verdict'] {
  if (rows < rowsNeeded || Number.isNaN(effect) || Number.isNaN(qValue)) return 'unknown'
  if (qValue > falseDiscoveryRate || effect < floor) return 'clear'
  return effect >= severeTimes * floor ? 'severe' : 'breach'
}
