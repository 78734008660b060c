import type { RunMetricsMessage } from '@trivium/contract'
import { useEffect, useRef } from 'react'
import { useVolatile } from '../../data/use-live.ts'

const every = 800

/** Reads again soon after points, or histograms, of one of the runs arrived; many messages make one reading. */
export function useLiveRuns(
  concerns: (run: string) => boolean,
  read: () => void,
  channel: 'run.metrics' | 'run.histograms' = 'run.metrics',
): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useVolatile(channel, (message) => {
    const { run } = message as unknown as Pick<RunMetricsMessage, 'run'>
    if (timer.current !== undefined || !concerns(run)) return
    timer.current = setTimeout(() => {
      timer.current = undefined
      read()
    }, every)
  })
  useEffect(() => () => clearTimeout(timer.current), [])
}
