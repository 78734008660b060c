import type { Source } from './live.ts'
import { createSharedSources, type HubPort } from './shared-source.ts'

let shared: ReturnType<typeof createSharedSources> | undefined
let alone = typeof SharedWorker === 'undefined'

/**
 * Opens an event stream that all tabs of this browser share, for over HTTP/1.1 a browser opens six connections to a host and a
 * stream holds one. Where there are no shared workers, each tab has its own.
 */
export function openStream(url: string): Source {
  if (alone) return new EventSource(url)
  shared ??= connect()
  return shared.open(url)
}

function connect(): ReturnType<typeof createSharedSources> {
  const worker = new SharedWorker(new URL('./stream-worker.ts', import.meta.url), {
    type: 'module',
    name: 'trivium-events',
  })
  const sources = createSharedSources(worker.port as HubPort, newId)
  worker.port.start()
  worker.addEventListener('error', () => {
    alone = true
    sources.giveUp()
  })
  addEventListener('pagehide', () => sources.suspend())
  addEventListener('pageshow', (event) => event.persisted && sources.resume())
  return sources
}

/** Unlike `randomUUID`, this is there on plain HTTP as well. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-')
}
