import { canonicalText, type ImportedEvaluationRecord, type ImportedEvaluationSet } from '@trivium/contract'
import type { MlflowClient } from './mlflow-client.ts'
import { idTag } from './mlflow-exported.ts'
import { serverEvaluationRecords, serverEvaluationSets } from './mlflow-server-traces.ts'
import type { Skip } from './source.ts'

const api = '/api/3.0/mlflow/datasets'
const recordsAtOnce = 500

/**
 * Writes evaluation datasets to a running MLflow server, which gives ids and times of its own. One that an earlier export made is found by the tag that keeps our id; its
 * records are left where they are the same, else written anew. Returns how many records are the same there at the end.
 */
export function evaluationSetWriter(
  client: MlflowClient,
  skip: Skip,
  experimentOf: (id: string) => string,
): (set: ImportedEvaluationSet, records: readonly ImportedEvaluationRecord[]) => Promise<number> {
  let earlier: Promise<Map<string, ImportedEvaluationSet>> | undefined
  return async (set, records) => {
    earlier ??= madeEarlier(client)
    const experiments = set.experiments.map(experimentOf)
    const tags = { ...set.tags, [idTag]: set.id }
    const found = (await earlier).get(set.id)
    const id = found?.id ?? (await makeSet(client, set, tags, experiments))
    const at = `${api}/${encodeURIComponent(id)}`
    if (found) {
      if (canonicalText(found.tags) !== canonicalText(tags)) await setTags(client, at, found.tags, tags)
      const more = experiments.filter((one) => !found.experiments.includes(one))
      if (more.length > 0) await client.send('POST', `${at}/add-experiments`, { experiment_ids: more })
    }
    const wanted = textsOf(records)
    const there = await recordsOf(client, id)
    if (textsOf(there).join('\n') !== wanted.join('\n')) {
      for (let start = 0; start < there.length; start += recordsAtOnce)
        await client.send('DELETE', `${at}/records`, {
          dataset_record_ids: there.slice(start, start + recordsAtOnce).map((one) => one.id),
        })
      // MLflow fails where outputs with names come after one without; it can hold both only in the other order.
      const named = ({ outputs }: ImportedEvaluationRecord) => Number(typeof outputs === 'object' && outputs !== null)
      const ordered = records.toSorted((a, b) => named(b) - named(a))
      for (let start = 0; start < ordered.length; start += recordsAtOnce)
        await client.send('POST', `${at}/records`, {
          records: JSON.stringify(ordered.slice(start, start + recordsAtOnce).map(sentRecord)),
        })
    }
    const held = new Set(textsOf(await recordsOf(client, id)))
    const same = wanted.filter((text) => held.has(text)).length
    if (same < records.length)
      skip(
        `${records.length - same} records of evaluation dataset "${set.name}"`,
        `${client.url} holds them in another form`,
      )
    return same
  }
}

async function madeEarlier(client: MlflowClient): Promise<Map<string, ImportedEvaluationSet>> {
  const found = new Map<string, ImportedEvaluationSet>()
  for await (const set of serverEvaluationSets(client)) {
    const id = set.tags[idTag]
    if (id !== undefined) found.set(id, set)
  }
  return found
}

async function makeSet(
  client: MlflowClient,
  set: ImportedEvaluationSet,
  tags: Readonly<Record<string, string>>,
  experiments: readonly string[],
): Promise<string> {
  const { dataset } = await client.send<{ dataset: { dataset_id: string } }>('POST', `${api}/create`, {
    name: set.name,
    experiment_ids: experiments,
    tags: JSON.stringify(tags),
  })
  return dataset.dataset_id
}

async function setTags(
  client: MlflowClient,
  at: string,
  before: Readonly<Record<string, string>>,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  for (const key of Object.keys(before))
    if (!(key in tags)) await client.send('DELETE', `${at}/tags/${encodeURIComponent(key)}`, {})
  await client.send('PATCH', `${at}/tags`, { tags: JSON.stringify(tags) })
}

async function recordsOf(client: MlflowClient, id: string): Promise<ImportedEvaluationRecord[]> {
  const all: ImportedEvaluationRecord[] = []
  for await (const page of serverEvaluationRecords(client, id)) all.push(...page)
  return all
}

const sentRecord = ({ inputs, outputs, expectations, tags, source }: ImportedEvaluationRecord): object => ({
  inputs,
  // A record without outputs says so; one that is silent gets an empty object there.
  outputs,
  ...(expectations === null ? {} : { expectations }),
  ...(tags === null ? {} : { tags }),
  ...(source === null ? {} : { source }),
})

const textsOf = (records: readonly ImportedEvaluationRecord[]): string[] =>
  records
    .map((one) => canonicalText({ ...sentRecord(one), tags: one.tags ?? {}, expectations: one.expectations ?? {} }))
    .toSorted()
