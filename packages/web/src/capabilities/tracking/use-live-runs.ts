import type { RunMetricsMessage } from '@trivium/contract'
import { useEffect, useRef } from 'react'
import { useVolatile } from '../../data/use-live.ts'

const every = 800

/** Reads again soon after points of one of the runs arrived; many messages make one reading. */
export function useLiveRuns(concerns: (run: string) => boolean, read: () => void): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useVolatile('run.metrics', (message) => {
    const { run } = message as unknown as RunMetricsMessage
    if (timer.current !== undefined || !concerns(run)) return
    timer.current = setTimeout(() => {
      timer.current = undefined
      read()
    }, every)
  })
  useEffect(() => () => clearTimeout(timer.current), [])
}
