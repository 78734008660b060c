import type { Trx } from '../../kernel/db/index.ts'

/** Sets tags or metadata of traces; what was there is replaced, or kept with `keep`. */
export async function setPairs(
  trx: Trx,
  table: 'trace_tag' | 'trace_metadata',
  project: string,
  trace: string,
  pairs: Readonly<Record<string, string>>,
  options: { keep?: boolean } = {},
): Promise<void> {
  // One order for all, so that two writers of a trace never wait for each other.
  const rows = Object.entries(pairs)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ project_id: project, trace_id: trace, key, value }))
  for (let start = 0; start < rows.length; start += 500) {
    await trx
      .insertInto(table)
      .values(rows.slice(start, start + 500))
      .onConflict((c) =>
        options.keep
          ? c.columns(['project_id', 'trace_id', 'key']).doNothing()
          : c.columns(['project_id', 'trace_id', 'key']).doUpdateSet((e) => ({ value: e.ref('excluded.value') })),
      )
      .execute()
  }
}
