import { useEffect, useState } from 'react'

/** The present moment in milliseconds, moving on while `active`, for what is drawn as it happens. */
export function useTicking(active: boolean, everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!active) return undefined
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [active, everyMs])
  return now
}
