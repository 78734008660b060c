import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A server that keeps what is PUT in memory, as a place where a project keeps its content. */
export async function startFiles(): Promise<{ readonly url: string; close(): void }> {
  const kept = new Map<string, Buffer>()
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? ''
    const there = kept.get(path)
    if (incoming.method === 'PUT')
      void buffer(incoming).then((bytes) => {
        kept.set(path, bytes)
        outgoing.writeHead(201).end()
      })
    else if (incoming.method === 'DELETE') outgoing.writeHead(kept.delete(path) ? 204 : 404).end()
    else if (there === undefined) outgoing.writeHead(404).end()
    else outgoing.writeHead(200, { 'content-length': there.length }).end(there)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}
