import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { quantile } from './figures.ts'
import type { LoadOptions, LoadResult } from './load.ts'

// The load generator for machines without wrk: each connection sends its next request when the last one is answered.
const { url, body, token, connections, seconds } = JSON.parse(await text(process.stdin)) as LoadOptions
const { hostname, port, pathname, host } = new URL(url)
const request = Buffer.from(
  [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    '',
    body,
  ].join('\r\n'),
)
const latencies: number[] = []
let errors = 0
const began = performance.now()
const end = began + seconds * 1000

await Promise.all(Array.from({ length: connections }, () => drive(connect(Number(port), hostname))))
const result: LoadResult = {
  perSecond: (latencies.length / (performance.now() - began)) * 1000,
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
  errors,
}
console.log(JSON.stringify(result))

function drive(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    let sentAt = 0
    let received = ''
    const send = (): void => {
      if (performance.now() >= end) {
        socket.destroy()
        return
      }
      sentAt = performance.now()
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      const head = received.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, head))?.[1])
      if (received.length < head + 4 + length) return
      latencies.push(performance.now() - sentAt)
      if (!received.startsWith('HTTP/1.1 200')) errors += 1
      received = ''
      send()
    })
    socket.on('error', () => {
      errors += 1
    })
    socket.on('close', () => resolve())
  })
}
