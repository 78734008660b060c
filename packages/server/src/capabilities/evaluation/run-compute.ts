import { Worker } from 'node:worker_threads'
import type { Computed } from './compute.ts'
import type { ComputeInput } from './compute-thread.ts'

/** Runs `compute` over a file of scored rows on a thread of its own, so that sorting and resampling hold up nobody. */
export function runCompute(input: ComputeInput, signal?: AbortSignal): Promise<Computed> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const file = import.meta.url.endsWith('.ts') ? './compute-thread.ts' : './compute-thread.js'
    const worker = new Worker(new URL(file, import.meta.url), { workerData: input })
    const onAbort = (): void => void worker.terminate()
    signal?.addEventListener('abort', onAbort)
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', onAbort)
      reject(signal?.aborted ? (signal.reason as Error) : new Error(`The computing thread ended with code ${code}.`))
    })
  })
}
