import { createReadStream } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { createCounter } from './verify-content.ts'

// Hashes one content: first what is written of its file already, then the pieces that it is sent. Each is answered when its bytes may change again, the end with what was found.
const { path, size } = workerData as { path: string; size: number }
const counter = createCounter()
for await (const bytes of createReadStream(path, { end: size - 1, highWaterMark: 1 << 20 }))
  counter.update(bytes as Buffer)
parentPort?.on('message', (bytes: Uint8Array | null) => {
  if (bytes === null) return parentPort?.postMessage(counter.finish())
  counter.update(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  parentPort?.postMessage(null)
})
