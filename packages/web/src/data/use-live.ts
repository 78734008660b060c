import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import { useLive } from './data-context.tsx'
import type { LiveStatus, VolatileMessage } from './live.ts'

const none: LiveStatus = { state: 'connecting', since: undefined }

/** Whether events arrive now; for the top bar. */
export function useLiveStatus(): LiveStatus {
  const live = useLive()
  return useSyncExternalStore(
    (listener) => live?.onStatus(listener) ?? (() => {}),
    () => live?.status() ?? none,
  )
}

/** Calls back for messages of a volatile channel while the component is on screen; read the rest from the API. */
export function useVolatile(channel: string, onMessage: (message: VolatileMessage) => void): void {
  const live = useLive()
  const told = useEffectEvent(onMessage)
  useEffect(() => live?.onVolatile(channel, (message) => told(message)), [live, channel])
}
