const unitMs = { h: 3_600_000, d: 86_400_000 } as const
const weekMs = 7 * unitMs.d
/** The first Monday after 1970-01-01, UTC. */
const firstMonday = 4 * unitMs.d

/** Milliseconds of a duration such as `6h` or `7d`. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * unitMs[text.endsWith('h') ? 'h' : 'd']
}

/** Windows of equal size on the time line: whole weeks begin on Monday, others are counted from 1970-01-01, or from `anchor`. */
export interface WindowGrid {
  readonly size: number
  /** The beginning of the window that holds a moment. */
  startOf(time: number): number
}

export function windowGrid({ window, anchor }: { window: string; anchor?: number | undefined }): WindowGrid {
  const size = durationMs(window)
  const origin = anchor ?? (size % weekMs === 0 ? firstMonday : 0)
  return { size, startOf: (time) => origin + Math.floor((time - origin) / size) * size }
}

/** A window's beginning as people read it: `2001-02-05`, with the time where it is not midnight. */
export function windowLabel(start: number): string {
  const text = new Date(start).toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : `${text.slice(0, 16)}Z`
}

/** How rows are grouped for resampling: days; hours in windows under five days, so that there are blocks to draw from; at most 62 blocks. */
export function blockMs(size: number): number {
  const days = Math.ceil(size / unitMs.d)
  return size < 5 * unitMs.d ? unitMs.h * Math.max(1, days) : unitMs.d * Math.ceil(days / 62)
}
