import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { formatCount } from './format-number.ts'
import { formatDuration } from './format-time.ts'

interface ProgressProps {
  /** What is being done: `Importing MLflow store`. */
  readonly title: ReactNode
  readonly done: number
  /** Unknown: no bar is drawn, only the count. */
  readonly total?: number | undefined
  /** Plural: `runs`. */
  readonly unit: string
  readonly perSecond?: number | undefined
  readonly onStop?: (() => void) | undefined
  readonly note?: ReactNode
}

/** Long work: count, rate, time left, and the way out. Never a made-up bar. */
export function Progress({ title, done, total, unit, perSecond, onStop, note }: ProgressProps) {
  const left = total !== undefined && perSecond && perSecond > 0 ? ((total - done) / perSecond) * 1000 : undefined
  const words = [
    total === undefined ? `${formatCount(done)} ${unit}` : `${formatCount(done)} of ${formatCount(total)} ${unit}`,
    perSecond ? `${formatCount(perSecond)} a second` : '',
    left !== undefined && left > 500 ? `about ${formatDuration(Math.ceil(left / 1000) * 1000)} left` : '',
  ].filter(Boolean)
  return (
    <div className="progress">
      <div className="row">
        <span className="m grow">{title}</span>
        {onStop && (
          <Button look="link" size="small" onClick={onStop}>
            Stop
          </Button>
        )}
      </div>
      {total !== undefined && (
        <div
          className="progress-track"
          role="progressbar"
          aria-valuemin={0}
          aria-valuemax={total}
          aria-valuenow={done}
          aria-valuetext={words[0]}
        >
          <div style={{ transform: `scaleX(${total > 0 ? Math.min(1, done / total) : 1})` }} />
        </div>
      )}
      <p className="sm t3 mt-4">
        {words.join(', ')}. {note}
      </p>
    </div>
  )
}
