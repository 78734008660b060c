import type { Trx } from '../../../kernel/db/index.ts'
import { setPairs } from '../upsert.ts'
import { addUpUsage } from './add-up-usage.ts'
import type { TokenUsage } from './translate-span.ts'
import '../tables.ts'

/** Where a trace says how many tokens it used, for metrics and for clients. */
export const usageKey = 'mlflow.trace.tokenUsage'

/** Counts the tokens of a trace anew, over all of its spans, unless its client has told them already with the whole of the trace. */
export async function followUsage(trx: Trx, project: string, trace: string, finalized: boolean): Promise<void> {
  if (finalized) {
    const told = await trx
      .selectFrom('trace_metadata')
      .select('value')
      .where('project_id', '=', project)
      .where('trace_id', '=', trace)
      .where('key', '=', usageKey)
      .executeTakeFirst()
    if (told) return
  }
  const spans = await trx
    .selectFrom('trace_span')
    .select(['span_id', 'parent_id', 'usage'])
    .where('project_id', '=', project)
    .where('trace_id', '=', trace)
    .execute()
  const sum = addUpUsage(
    spans.map(({ span_id, parent_id, usage }) => ({
      id: span_id,
      parent: parent_id,
      usage: usage === null ? undefined : (JSON.parse(usage) as TokenUsage),
    })),
  )
  if (!sum) return
  // As Python writes it: clients compare it as text.
  const text = `{${Object.entries(sum)
    .map(([key, value]) => `"${key}": ${value}`)
    .join(', ')}}`
  await setPairs(trx, 'trace_metadata', project, trace, { [usageKey]: text })
}
