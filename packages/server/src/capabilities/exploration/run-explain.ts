import { Worker } from 'node:worker_threads'
import { explorationErrors } from './errors.ts'

/** So many at once; forests take both a core and memory. */
const most = 2
let running = 0

/** Explains on a thread of its own, whatever the database: growing forests would hold up everybody else for seconds. */
export async function runExplain(facts: Uint8Array): Promise<Uint8Array> {
  if (running >= most) throw explorationErrors.BUSY(most)
  running += 1
  try {
    return await new Promise((resolve, reject) => {
      const file = import.meta.url.endsWith('.ts') ? './explain-thread.ts' : './explain-thread.js'
      const worker = new Worker(new URL(file, import.meta.url), { workerData: facts })
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`The explaining thread ended with code ${code}.`)))
    })
  } finally {
    running -= 1
  }
}
