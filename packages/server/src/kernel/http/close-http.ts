import type { Http } from './create-http.ts'

const drainMs = 10_000

/** Takes no more requests, lets those that run end, and cuts off what has not ended after a while: one that does not end would hold the process for ever. */
export async function closeHttp(app: Http, afterMs = drainMs): Promise<void> {
  const force = setTimeout(() => app.server.closeAllConnections(), afterMs)
  try {
    await app.close()
  } finally {
    clearTimeout(force)
  }
}
