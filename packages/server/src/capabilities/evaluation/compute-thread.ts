import { parentPort, workerData } from 'node:worker_threads'
import { type ComputeTask, compute } from './compute.ts'
import { readScoredRows } from './read-scored-rows.ts'

/** What the thread is started with. */
export interface ComputeInput {
  readonly path: string
  readonly task: ComputeTask
  readonly champion: boolean
}

const { path, task, champion } = workerData as ComputeInput
parentPort?.postMessage(compute(await readScoredRows(path, { champion, slices: task.slices.length }), task))
