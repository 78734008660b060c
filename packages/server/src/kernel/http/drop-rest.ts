import type { IncomingMessage } from 'node:http'

const mostDropped = 64 * 1024 * 1024
const dropMs = 3000

/**
 * Reads and drops what is left of a body that nobody wants, so that the client gets to read why: a connection that closes while it still sends loses the
 * answer. Whoever sends too much of it, or too slowly, is cut off.
 */
export function dropRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    let left = mostDropped
    const timer = setTimeout(() => request.destroy(), dropMs)
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) request.destroy()
    })
    // A body that breaks off is dropped as well.
    request.on('error', () => {})
    request.once('end', resolve)
    request.once('close', resolve)
    request.once('close', () => clearTimeout(timer))
    request.once('end', () => clearTimeout(timer))
  })
}
