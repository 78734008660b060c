import { createHash } from 'node:crypto'
import {
  type BodyOf,
  canonicalEvaluationSet,
  canonicalTrace,
  digestImportedContent,
  type ImportedEvaluationRecord,
  type ImportedTrace,
  type sendImportBatch,
} from '@trivium/contract'
import { cleanEvaluationRecord, cleanEvaluationSet, cleanTrace } from './clean-traces.ts'
import { hasFiles } from './mlflow-trace-json.ts'
import { again, type ImportWork } from './run-import.ts'
import type { FileOwner, Skip, Source } from './source.ts'

const mostBytes = 8_000_000
const recordsAtOnce = 200

/** What an import of traces and evaluation datasets needs. Without `import`, of a dry run, everything is only read. */
export interface ContentWork extends ImportWork {
  readonly import: string | undefined
  readonly send: (batch: BodyOf<typeof sendImportBatch>) => Promise<unknown>
  readonly skip: Skip
  readonly takeFiles: (owner: FileOwner) => Promise<void>
}

/** What came of it: `same` where both sides have the same digests. */
export interface Taken {
  count: number
  records: number
  same: boolean
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Sends the traces of an experiment that are not here as they are there, and compares each with its digest. */
export async function sendTraces(work: ContentWork, source: Source, experiment: string): Promise<Taken> {
  const taken: Taken = { count: 0, records: 0, same: true }
  if (!source.traces) return taken
  for await (const page of source.traces(experiment)) {
    const traces = page.flatMap((one) => cleanTrace(one, work.skip) ?? [])
    taken.count += traces.length
    if (work.import === undefined || traces.length === 0) continue
    const digests = new Map(traces.map((one) => [one.id, sha256(canonicalTrace(one))]))
    const here = await digestsHere(work, { traces: [...digests.keys()] })
    const fresh = traces.filter(({ id }) => here.traces[id] !== digests.get(id))
    for (const batch of bySize(fresh)) await work.send({ traces: batch })
    const sent = fresh.length === 0 ? here : await digestsHere(work, { traces: fresh.map(({ id }) => id) })
    for (const { id } of fresh)
      if (sent.traces[id] !== digests.get(id)) {
        taken.same = false
        work.skip(`trace ${id}`, sent.traces[id] ? 'it is not the same here as at the source' : 'it did not arrive')
      }
    for (const trace of traces) if (hasFiles(trace)) await work.takeFiles({ kind: 'trace', id: trace.id })
  }
  return taken
}

/** Sends the evaluation datasets that are not here as they are there, with all records, and compares each with its digest. */
export async function sendEvaluationSets(work: ContentWork, source: Source): Promise<Taken> {
  const taken: Taken = { count: 0, records: 0, same: true }
  if (!source.evaluationSets || !source.evaluationRecords) return taken
  for await (const one of source.evaluationSets()) {
    const set = cleanEvaluationSet(one, work.skip)
    if (!set) continue
    const records: ImportedEvaluationRecord[] = []
    for await (const page of source.evaluationRecords(set.id))
      records.push(...page.flatMap((record) => cleanEvaluationRecord(record, work.skip) ?? []))
    taken.count += 1
    taken.records += records.length
    if (work.import === undefined) continue
    const digest = sha256(canonicalEvaluationSet(set, records))
    const here = async () => (await digestsHere(work, { evaluationSets: [set.id] })).evaluationSets[set.id]
    if ((await here()) === digest) continue
    await work.send({ evaluationSets: [set] })
    for (let start = 0; start < records.length; start += recordsAtOnce)
      await work.send({ evaluationRecords: records.slice(start, start + recordsAtOnce) })
    if ((await here()) === digest) continue
    taken.same = false
    work.skip(`evaluation dataset "${set.name}"`, 'it is not the same here as at the source')
  }
  return taken
}

const digestsHere = ({ client, project, terminal, ...work }: ContentWork, body: BodyOf<typeof digestImportedContent>) =>
  again(terminal.signal, () =>
    client.call(digestImportedContent, {
      params: { project, import: work.import ?? '' },
      body,
      signal: terminal.signal,
    }),
  )

function bySize(traces: readonly ImportedTrace[]): ImportedTrace[][] {
  const batches: ImportedTrace[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const trace of traces) {
    const size = JSON.stringify(trace).length
    if (bytes + size > mostBytes) {
      batches.push([])
      bytes = 0
    }
    batches.at(-1)?.push(trace)
    bytes += size
  }
  return batches
}
