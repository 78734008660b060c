import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { createClient } from './client.ts'

/** What `probe` asks again and again, for how long. */
export interface ProbeOptions {
  readonly url: string
  readonly token: string
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly seconds: number
}

const { url, token, method, path, body, seconds } = JSON.parse(await text(process.stdin)) as ProbeOptions
const client = createClient(url, token)
const times: number[] = []
const end = performance.now() + seconds * 1000
// The first answers warm up the connection and this process.
for (let index = 0; index < 100; index += 1) await client.call(method, path, body)
while (performance.now() < end) {
  times.push((await client.call(method, path, body)).ms)
  await sleep(5)
}
client.close()
console.log(JSON.stringify(times))
