import { isElsewhere, offsetOf, type SampledQuery, type Tracking } from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { mlflowErrors } from './errors.ts'
import { pageSize } from './limits.ts'
import {
  type BulkInput,
  bulkHistoryJson,
  type HistoryInput,
  historyJson,
  sampledHistoryJson,
} from './metrics-thread.ts'
import { rpc } from './rpc.ts'

const here = new URL(`./metrics-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const historyPage = 25_000

/** metrics/* */
export function metricCalls(app: Http, tracking: Tracking, { db }: Pick<Kernel, 'db'>): void {
  /** From the table, on a reader thread; where some points have moved to a file, from both. */
  const answer = async (name: string, input: unknown, fromFiles: () => Promise<string>): Promise<Uint8Array> => {
    const bytes = await db.offload({ module: here, name, input })
    return isElsewhere(bytes) ? Buffer.from(await fromFiles()) : bytes
  }
  rpc(app, 'GET', 'metrics/get-history', 'run:read', async ({ args, scope }) => {
    const run = args.text('run_id') || args.required('run_uuid')
    const key = args.required('metric_key')
    const limit = pageSize(args, historyPage, historyPage)
    const fingerprint = [run, key]
    const offset = offsetOf(args.text('page_token'), fingerprint)
    await tracking.requireRun(scope, run)
    const input: HistoryInput = { project: scope.project, run, key, limit, offset, fingerprint }
    return answer('historyBytes', input, () => historyJson(input, tracking.metrics.history))
  })
  rpc(app, 'GET', 'metrics/get-history-bulk-interval', 'run:read', async ({ args, scope }) => {
    const runs = args.texts('run_ids')
    if (runs.length === 0) throw mlflowErrors.MISSING('run_ids')
    if (runs.length > 100)
      throw mlflowErrors.INVALID('GetMetricHistoryBulkInterval request must specify at most 100 run_ids.')
    const [fromStep, toStep] = [args.integer('start_step'), args.integer('end_step')]
    if ((fromStep === undefined) !== (toStep === undefined))
      throw mlflowErrors.INVALID('If either start steps or end steps are specified, both must be specified.')
    if (fromStep !== undefined && toStep !== undefined && fromStep > toStep)
      throw mlflowErrors.INVALID(
        `end_step must be greater than start_step. Found start_step=${fromStep} and end_step=${toStep}.`,
      )
    const input: SampledQuery = {
      project: scope.project,
      runs,
      key: args.required('metric_key'),
      points: pageSize(args, 2500, 2500),
      fromStep,
      toStep,
    }
    return answer('sampledHistoryBytes', input, async () =>
      sampledHistoryJson(input, await tracking.metrics.sampled(input)),
    )
  })
  rpc(app, 'GET', 'metrics/get-history-bulk', 'run:read', async ({ args, scope }) => {
    const runs = [...args.texts('run_id'), ...args.texts('run_ids')]
    if (runs.length === 0) throw mlflowErrors.MISSING('run_id')
    if (runs.length > 100)
      throw mlflowErrors.INVALID('GetMetricHistoryBulk request cannot specify more than 100 run_ids.')
    const input: BulkInput = {
      project: scope.project,
      runs,
      key: args.required('metric_key'),
      limit: pageSize(args, historyPage, historyPage),
    }
    return answer('bulkHistoryBytes', input, () => bulkHistoryJson(input, tracking.metrics.history))
  })
}
