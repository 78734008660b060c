// Loaded into every Node process of the server under load: writes how small its heap became since the last report. SIGUSR2 writes a snapshot of the heap.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { writeHeapSnapshot } from 'node:v8'

const folder = process.env.SOAK_REPORTS
if (folder && isMainThread) {
  let seen = []
  const look = () => {
    seen.push(process.memoryUsage())
    if (seen.length < 20) return
    const least = (key) => Math.min(...seen.map((one) => one[key]))
    writeFileSync(
      join(folder, `${process.pid}.json`),
      JSON.stringify({ heap: least('heapUsed'), outside: least('external') }),
    )
    seen = []
  }
  setInterval(look, 500).unref()
  process.on('SIGUSR2', () => writeHeapSnapshot(join(folder, `${process.pid}-${Date.now()}.heapsnapshot`)))
}
