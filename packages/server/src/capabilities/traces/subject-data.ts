import { addBlobRef } from '../../kernel/blobs/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { DataSubject, SubjectCount, SubjectData } from '../../kernel/ports/index.ts'
import { distinctNames, hasNames, namesOf, type PersonNames, redactNames } from '../../kernel/subjects/index.ts'
import { letGoContents } from '../storage/index.ts'
import { removeTraces } from './change-traces.ts'
import { profileOf } from './evaluation-sets/records.ts'
import type { OtlpSpan } from './otlp-span.ts'
import { type PersonsPage, type PersonsRows, saysWhose } from './persons-traces-thread.ts'
import { traceRecords } from './read-traces.ts'
import { spanRow } from './span-rows.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'clock'>
type Pair = readonly [string, string]

const here = new URL(`./persons-traces-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
/** What says of a trace whose it is, wherever MLflow and OpenTelemetry put it. */
const userKeys = ['mlflow.trace.user', 'mlflow.trace.session', 'mlflow.user', 'user.id', 'enduser.id', 'session.id']
const chunk = 200

/**
 * What traces and evaluation datasets hold about a person: traces whose user, session or declared column is he, and records that say so. They are removed. Spans that
 * are too large for a row are searched where they lie, and stored anew without his name; what else names him is found with the texts.
 */
export function traceSubjects(deps: Deps): SubjectData {
  const { db, blobs } = deps
  const calledBy = ({ subject, names }: DataSubject): PersonNames => names ?? namesOf([subject])
  const keysOf = async (project: string): Promise<string[]> => {
    const declared = await db.read
      .selectFrom('personal_column')
      .select('subject_column')
      .distinct()
      .where('project_id', '=', project)
      .where('subject_column', 'is not', null)
      .execute()
    return [...new Set([...userKeys, ...declared.map((row) => (row.subject_column ?? '').toLowerCase())])]
  }
  const pairs = async function* (person: DataSubject, table: PersonsPage['table']): AsyncGenerator<Pair> {
    const keys = await keysOf(person.project)
    let after: Pair | null = null
    do {
      const input: PersonsPage = { project: person.project, table, keys, names: calledBy(person), after }
      const bytes = await db.offload({ module: here, name: 'personsRowsBytes', input })
      const page: PersonsRows = JSON.parse(new TextDecoder().decode(bytes))
      yield* page.own
      after = page.last
    } while (after !== null)
  }
  /** Spans whose whole content is in the object store, one by one. */
  const largeSpans = async function* (project: string) {
    let after: Pair = ['', '']
    for (;;) {
      const rows = await db.read
        .selectFrom('trace_span')
        .selectAll()
        .where('project_id', '=', project)
        .where('digest', 'is not', null)
        .where((e) =>
          e.or([e('trace_id', '>', after[0]), e.and([e('trace_id', '=', after[0]), e('span_id', '>', after[1])])]),
        )
        .orderBy('trace_id')
        .orderBy('span_id')
        .limit(20)
        .execute()
      for (const row of rows)
        if (row.digest !== null)
          yield { row, digest: row.digest, text: (await blobs.read(project, row.digest)).toString() }
      const last = rows.at(-1)
      if (!last || rows.length < 20) return
      after = [last.trace_id, last.span_id]
    }
  }
  const ownTraces = async (person: DataSubject): Promise<string[]> => {
    const found = new Set<string>()
    for (const table of ['trace_metadata', 'trace_tag', 'trace_span'] as const)
      for await (const [trace] of pairs(person, table)) found.add(trace)
    const keys = new Set(await keysOf(person.project))
    for await (const { row, text } of largeSpans(person.project))
      if (saysWhose(calledBy(person), keys, text)) found.add(row.trace_id)
    return [...found]
  }
  const ownRecords = (person: DataSubject): Promise<Pair[]> => Array.fromAsync(pairs(person, 'evaluation_set_record'))
  const counts = (traces: number, records: readonly Pair[], how?: 'removed'): SubjectCount[] => [
    ...(traces > 0
      ? [
          {
            kind: 'traces',
            where: 'traces of this person',
            count: traces,
            plain: traces,
            urns: [],
            ...(how ? { how } : {}),
          },
        ]
      : []),
    ...[...Map.groupBy(records, ([set]) => set)].map(([set, of]) => ({
      kind: 'evaluation-records',
      where: set,
      count: of.length,
      plain: of.length,
      urns: [],
      ...(how ? { how } : {}),
    })),
  ]
  /** Large spans that name him, stored anew. Returns how many, and what contents nobody refers to now. */
  const redactLarge = async (person: DataSubject): Promise<{ count: number; old: string[] }> => {
    const names = distinctNames(calledBy(person))
    const { project } = person
    const old: string[] = []
    if (!hasNames(names)) return { count: 0, old }
    for await (const { row, digest, text } of largeSpans(project)) {
      const redacted = redactNames(names, text)
      if (redacted === undefined) continue
      const made = spanRow(project, JSON.parse(redacted) as OtlpSpan)
      const stored = made.large === undefined ? undefined : await blobs.put(project, Buffer.from(made.large))
      await db.write.transaction().execute(async (trx) => {
        const owner = urn(project, 'trace', row.trace_id)
        if (stored)
          await addBlobRef(trx, { project, digest: stored.digest, owner, size: stored.size, at: deps.clock() })
        await trx
          .updateTable('trace_span')
          .set({ content: made.row.content, digest: stored?.digest ?? null, size: made.row.size, name: made.row.name })
          .where('project_id', '=', project)
          .where('trace_id', '=', row.trace_id)
          .where('span_id', '=', row.span_id)
          .where('digest', '=', digest)
          .execute()
        await trx
          .deleteFrom('blob_ref')
          .where('project_id', '=', project)
          .where('digest', '=', digest)
          .where('owner', '=', owner)
          .where((e) =>
            e.not(
              e.exists(
                e
                  .selectFrom('trace_span')
                  .select('span_id')
                  .where('project_id', '=', project)
                  .where('trace_id', '=', row.trace_id)
                  .where('digest', '=', digest),
              ),
            ),
          )
          .execute()
      })
      old.push(digest)
    }
    return { count: old.length, old }
  }
  return {
    capability: 'traces',
    repeats: true,
    find: async (person) => counts((await ownTraces(person)).length, await ownRecords(person)),
    export: async function* (person) {
      for (const id of await ownTraces(person)) {
        const [record] = await traceRecords(db.read, person.project, [id])
        if (record) yield { kind: 'traces', where: id, record: { ...record } }
      }
      for (const [set, id] of await ownRecords(person)) {
        const row = await db.read
          .selectFrom('evaluation_set_record')
          .select(['id', 'inputs', 'outputs', 'expectations', 'tags', 'source'])
          .where('project_id', '=', person.project)
          .where('set_id', '=', set)
          .where('id', '=', id)
          .executeTakeFirst()
        if (row) yield { kind: 'evaluation-records', where: set, record: row }
      }
    },
    erase: async (person) => {
      const { project } = person
      const traces = await ownTraces(person)
      const contents: string[] = []
      for (let at = 0; at < traces.length; at += chunk)
        contents.push(
          ...(await db.write
            .transaction()
            .execute((trx) => removeTraces(deps, trx, project, traces.slice(at, at + chunk).toSorted()))),
        )
      const records = await ownRecords(person)
      for (const [set, of] of Map.groupBy(records, ([id]) => id))
        for (let at = 0; at < of.length; at += chunk)
          await db.write.transaction().execute(async (trx) => {
            await trx
              .deleteFrom('evaluation_set_record')
              .where('project_id', '=', project)
              .where('set_id', '=', set)
              .where(
                'id',
                'in',
                of.slice(at, at + chunk).map(([, id]) => id),
              )
              .execute()
            await trx
              .updateTable('evaluation_set')
              .set({ profile: await profileOf(trx, { project }, set), updated_at: deps.clock() })
              .where('project_id', '=', project)
              .where('id', '=', set)
              .execute()
          })
      const large = await redactLarge(person)
      await letGoContents(deps, project, [...contents, ...large.old])
      const redacted: SubjectCount[] =
        large.count === 0
          ? []
          : [{ kind: 'texts', where: 'large spans of traces', count: large.count, how: 'redacted', urns: [] }]
      return [...counts(traces.length, records, 'removed'), ...redacted]
    },
  }
}
