import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What can happen to a call: an error, a connection that ends before or in the middle of the answer, an answer that was done but is lost, none at all. */
export type Fault = '503' | '500' | 'reset' | 'cut' | 'late' | 'hang'

/** Stands before a real S3 server and lets calls fail. */
export interface FaultyProxy {
  readonly endpoint: string
  fault: (call: { method: string; url: string }) => Fault | undefined
  /** Milliseconds that a call waits before it goes on. */
  delay: () => number
  /** So many next calls are told that their clock is wrong. */
  skewAnswers: number
  readonly faults: number
  readonly seen: readonly { method: string; url: string; range: string | undefined }[]
  close(): Promise<void>
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  const seen: { method: string; url: string; range: string | undefined }[] = []
  const timers = new Set<NodeJS.Timeout>()
  const proxy = { fault: (() => undefined) as FaultyProxy['fault'], delay: () => 0, skewAnswers: 0, faults: 0 }

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void => {
    const upstream = request(
      // The signature covers the name of the host, which the client addressed to us.
      { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        if (fault === 'late') {
          answer.resume()
          answer.on('end', () => incoming.socket.destroy())
          return
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        if (fault !== 'cut') return void answer.pipe(outgoing)
        let passed = 0
        answer.on('data', (chunk: Buffer) => {
          passed += chunk.length
          outgoing.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => incoming.socket.destroy())
        })
        answer.on('end', () => passed === 0 && incoming.socket.destroy())
      },
    )
    upstream.on('error', () => incoming.socket.destroy())
    incoming.on('error', () => upstream.destroy())
    incoming.pipe(upstream)
  }
  const answerXml = (incoming: IncomingMessage, outgoing: ServerResponse, status: number, code: string): void => {
    incoming.resume()
    incoming.on('end', () => {
      outgoing.writeHead(status, { 'content-type': 'application/xml' })
      outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`)
    })
  }

  const server = createServer((incoming, outgoing) => {
    const call = { method: incoming.method ?? '', url: incoming.url ?? '', range: incoming.headers.range }
    seen.push(call)
    if (proxy.skewAnswers > 0) {
      proxy.skewAnswers -= 1
      return answerXml(incoming, outgoing, 403, 'RequestTimeTooSkewed')
    }
    const fault = proxy.fault(call)
    if (fault) proxy.faults += 1
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (fault === 'reset') return void incoming.socket.destroy()
      if (fault === 'hang') return
      if (fault === '503') return answerXml(incoming, outgoing, 503, 'SlowDown')
      if (fault === '500') return answerXml(incoming, outgoing, 500, 'InternalError')
      forward(incoming, outgoing, fault)
    }, proxy.delay())
    timers.add(timer)
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return Object.defineProperties(proxy, {
    endpoint: { value: `http://127.0.0.1:${address.port}` },
    seen: { value: seen },
    close: {
      value: () => {
        for (const timer of timers) clearTimeout(timer)
        server.closeAllConnections()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      },
    },
  }) as unknown as FaultyProxy
}
