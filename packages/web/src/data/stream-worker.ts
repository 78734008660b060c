import { createStreamHub, type StreamRequest } from './stream-hub.ts'

/** The shared worker: lives as long as a tab of this browser is open, and holds the event streams of all of them. */
const hub = createStreamHub((url) => new EventSource(url))

addEventListener('connect', (connection) => {
  const [port] = (connection as MessageEvent).ports
  if (!port) return
  port.addEventListener('message', ({ data }) => hub.request(data as StreamRequest, port))
  // browsers tell it when a tab crashed; a tab that is closed says so itself
  port.addEventListener('close', () => hub.gone(port))
  port.start()
})
