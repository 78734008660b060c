import { parentPort, workerData } from 'node:worker_threads'
import type { RunMetricDirection } from '@trivium/contract'
import { explain } from './explain.ts'
import type { RunFacts } from './read-run-facts.ts'

type Sent = Omit<RunFacts, 'params' | 'inputs' | 'tags'> & Record<'params' | 'inputs' | 'tags', [string, string][]>

const { facts, ...asked } = JSON.parse(Buffer.from(workerData as Uint8Array).toString()) as {
  metric: string
  direction: RunMetricDirection | null
  truncated: boolean
  facts: Sent[]
}
const found = explain(
  facts.map((one) => ({
    ...one,
    params: new Map(one.params),
    inputs: new Map(one.inputs),
    tags: new Map(one.tags),
  })),
  asked,
)
parentPort?.postMessage(Buffer.from(JSON.stringify(found)))
