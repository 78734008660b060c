import type { Readable } from 'node:stream'
import type {
  BodyOf,
  digestImportedContent,
  Import,
  ImportReport,
  sendImportBatch,
  startImport,
} from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { importModels } from '../registry/index.ts'
import {
  type ArtifactOwner,
  artifactPath,
  importExperiments,
  importFile,
  importLoggedModels,
  importRuns,
  importSeries,
  type Refusal,
  type RunDigest,
  runDigests,
  withArchivedPoints,
} from '../tracking/index.ts'
import { checkBatch, refuseNul } from './check-batch.ts'
import { importedDigests, importEvaluationRecords, importEvaluationSets, importTraces } from '../traces/index.ts'
import { importErrors } from './errors.ts'
import { type ImportQuery, listImports, presentImports, requireImport } from './read-imports.ts'
import './tables.ts'

type Batch = BodyOf<typeof sendImportBatch>

/** Batches of all imports that are written at once; more are refused, and come again. */
const atOnce = 2
const secondsBefore = 1

/** Brings experiments, runs and models of other trackers into a project. The client reads the source; the server opens nothing but what it is sent. */
export interface Imports {
  /** The open import of the source, or a new one. */
  start(scope: Scope, input: BodyOf<typeof startImport>): Promise<Import>
  get(scope: Scope, id: string): Promise<Import>
  list(scope: Scope, query: ImportQuery): Promise<{ imports: Import[]; nextPageToken: string | null }>
  /** All of the batch or nothing; IMPORTS.BUSY when too many are written. */
  takeBatch(
    scope: Scope,
    id: string,
    batch: Batch,
  ): Promise<{ experiments: { sourceId: string; id: string; made: boolean }[]; refused: Refusal[] }>
  /** Marks of the runs that have arrived wholly, from this or an earlier import of the source. */
  known(scope: Scope, id: string, runs: readonly string[]): Promise<Record<string, string>>
  /** Counts and digests of runs as they are here. */
  digests(scope: Scope, id: string, runs: readonly string[]): Promise<RunDigest[]>
  /** Digests of traces and evaluation datasets as they are here. */
  contentDigests(
    scope: Scope,
    id: string,
    of: BodyOf<typeof digestImportedContent>,
  ): Promise<{ traces: Record<string, string>; evaluationSets: Record<string, string> }>
  files(
    scope: Scope,
    id: string,
    owners: readonly string[],
  ): Promise<{ owner: string; path: string; digest: string; size: number }[]>
  putFile(
    scope: Scope,
    id: string,
    file: {
      owner: string
      path: string
      digest?: string
      content: Readable | { readonly digest: string; readonly size: number }
    },
  ): Promise<{ digest: string; size: number }>
  finish(scope: Scope, id: string, report: ImportReport): Promise<Import>
}

export function createImports(
  kernel: Pick<Kernel, 'db' | 'clock' | 'events' | 'blobs' | 'tables' | 'paths'> & Parameters<typeof importModels>[0],
): Imports {
  const { db, clock, events, blobs } = kernel
  let writing = 0

  const requireOpen = async (scope: Scope, id: string) => {
    const row = await requireImport(db.read, scope.project, id)
    if (row.finished_at !== null) throw importErrors.FINISHED(id)
    return row
  }
  const present = async (scope: Scope, id: string): Promise<Import> => {
    const [found] = await presentImports(db.read, scope.project, [await requireImport(db.read, scope.project, id)])
    return found as Import
  }
  const open = (trx: Trx, scope: Scope, source: string) =>
    trx
      .selectFrom('import')
      .select('id')
      .where('project_id', '=', scope.project)
      .where('source', '=', source)
      .where('finished_at', 'is', null)
      .executeTakeFirst()

  return {
    start: async (scope, { kind, source }) => {
      refuseNul(source, 'The name of the source')
      const id = newId('imp')
      const now = clock()
      const found = await db.write.transaction().execute(async (trx) => {
        const row = {
          project_id: scope.project,
          id,
          kind,
          source,
          started_at: now,
          last_at: now,
          finished_at: null,
          started_by: scope.principal.id,
          report: null,
        }
        await trx
          .insertInto('import')
          .values(row)
          .onConflict((c) => c.doNothing())
          .execute()
        return open(trx, scope, source)
      })
      return present(scope, found?.id ?? id)
    },
    get: present,
    list: (scope, query) => listImports(db.read, scope.project, query),
    takeBatch: async (scope, id, batch) => {
      if (writing >= atOnce) throw importErrors.BUSY(secondsBefore)
      writing += 1
      try {
        checkBatch(batch)
        const { source } = await requireOpen(scope, id)
        const taken = await withArchivedPoints(kernel, (archived) =>
          db.write.transaction().execute((trx) => writeBatch(kernel, trx, scope, { id, source }, batch, archived)),
        )
        const models = batch.models ? await importModels(kernel, scope, batch.models) : []
        const { traces = [], evaluationSets = [], evaluationRecords = [] } = batch
        const places =
          traces.length + evaluationSets.length > 0
            ? await experimentPlaces(db.read, scope.project, source)
            : new Map<string, string>()
        const refused = [
          ...(await importTraces(kernel, scope, traces, places)),
          ...(await importEvaluationSets(db, scope, evaluationSets, places)),
          ...(await importEvaluationRecords(db, scope, evaluationRecords)),
        ]
        return { experiments: taken.experiments, refused: [...taken.refused, ...models, ...refused] }
      } finally {
        writing -= 1
      }
    },
    known: async (scope, id, runs) => {
      const { source } = await requireImport(db.read, scope.project, id)
      if (runs.length === 0) return {}
      const rows = await db.read
        .selectFrom('import_run')
        .innerJoin('run', (join) =>
          join.onRef('run.project_id', '=', 'import_run.project_id').onRef('run.id', '=', 'import_run.run_id'),
        )
        .select(['import_run.run_id', 'import_run.mark'])
        .where('import_run.project_id', '=', scope.project)
        .where('import_run.source', '=', source)
        .where('import_run.run_id', 'in', runs)
        .execute()
      return Object.fromEntries(rows.map((row) => [row.run_id, row.mark]))
    },
    digests: async (scope, id, runs) => {
      await requireImport(db.read, scope.project, id)
      return runDigests(kernel, scope.project, runs)
    },
    contentDigests: async (scope, id, { traces = [], evaluationSets = [] }) => {
      await requireImport(db.read, scope.project, id)
      return importedDigests(kernel, scope, { traces, evaluationSets })
    },
    files: async (scope, id, owners) => {
      await requireImport(db.read, scope.project, id)
      if (owners.length === 0) return []
      return db.read
        .selectFrom('artifact_file')
        .select(['owner', 'path', 'digest', 'size'])
        .where('project_id', '=', scope.project)
        .where('owner', 'in', owners)
        .execute()
    },
    putFile: async (scope, id, { owner, path, digest: wanted, content }) => {
      await requireOpen(scope, id)
      artifactPath(path)
      const place = ownerOf(owner)
      const exists = await db.read
        .selectFrom(place.kind === 'run' ? 'run' : place.kind === 'trace' ? 'trace' : 'logged_model')
        .select('id')
        .where('project_id', '=', scope.project)
        .where('id', '=', place.id)
        .executeTakeFirst()
      if (!exists) throw importErrors.RUN_NOT_IMPORTED(owner)
      const { digest, size } = 'digest' in content ? content : await blobs.put(scope.project, content)
      // What was put and is named by nothing is collected.
      if (wanted !== undefined && wanted !== digest) throw importErrors.DIGEST_DIFFERS(path)
      await db.write.transaction().execute(async (trx) => {
        await importFile(kernel, trx, scope, place, { path, digest, size })
        await touch(trx, scope.project, id, clock())
      })
      return { digest, size }
    },
    finish: async (scope, id, report) => {
      refuseNul(report, 'The report')
      await requireOpen(scope, id)
      const now = clock()
      await db.write.transaction().execute(async (trx) => {
        const row = await trx
          .updateTable('import')
          .set({ finished_at: now, last_at: now, report: JSON.stringify(report) })
          .where('project_id', '=', scope.project)
          .where('id', '=', id)
          .where('finished_at', 'is', null)
          .returning(['kind', 'source'])
          .executeTakeFirst()
        if (!row) throw importErrors.FINISHED(id)
        const runs = report.experiments.reduce((sum, one) => sum + one.here.runs, 0)
        await events.append(trx, {
          project: scope.project,
          name: 'import.finished',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'import', id),
          refs: [],
          data: {
            kind: row.kind,
            source: row.source,
            verified: report.verified,
            runs,
            skipped: report.skipped.length + report.moreSkipped,
            fact: `${runs} runs from ${row.source}`,
          },
        })
      })
      return present(scope, id)
    },
  }
}

async function writeBatch(
  kernel: Pick<Kernel, 'db' | 'clock' | 'events'>,
  trx: Trx,
  scope: Scope,
  { id, source }: { id: string; source: string },
  batch: Batch,
  archived: Parameters<typeof importSeries>[4],
): Promise<{ experiments: { sourceId: string; id: string; made: boolean }[]; refused: Refusal[] }> {
  const { db, clock } = kernel
  const { project } = scope
  const places = await experimentPlaces(asReader(trx), project, source)
  const sent = batch.experiments ?? []
  const fresh = await importExperiments(
    kernel,
    trx,
    scope,
    sent.filter((one) => !places.has(one.id)),
  )
  for (const { sourceId, id: experiment } of fresh) {
    places.set(sourceId, experiment)
    await trx
      .insertInto('import_experiment')
      .values({ project_id: project, source, source_id: sourceId, experiment_id: experiment })
      .onConflict((c) => c.columns(['project_id', 'source', 'source_id']).doUpdateSet({ experiment_id: experiment }))
      .execute()
  }
  const refused = [
    ...(await importRuns(kernel, trx, scope, batch.runs ?? [], places)),
    ...(await importSeries(kernel, trx, scope, batch.series ?? [], archived)),
    ...(await importLoggedModels(kernel, trx, scope, batch.loggedModels ?? [], places)),
  ]
  const columns = ['project_id', 'source', 'run_id', 'mark'] as const
  const complete = new Map((batch.complete ?? []).map(({ run, mark }) => [run, mark]))
  if (complete.size > 0) {
    await trx
      .deleteFrom('import_run')
      .where('project_id', '=', project)
      .where('source', '=', source)
      .where('run_id', 'in', [...complete.keys()])
      .execute()
    await db.bulkInsert(
      trx,
      'import_run',
      columns,
      [...complete].map(([run, mark]) => [project, source, run, mark]),
    )
  }
  await touch(trx, project, id, clock())
  const made = new Set(fresh.filter((one) => one.made).map(({ sourceId }) => sourceId))
  return {
    experiments: sent.map((one) => ({
      sourceId: one.id,
      id: places.get(one.id) ?? one.id,
      made: made.has(one.id),
    })),
    refused,
  }
}

/** Where the experiments of the source are here. One whose removal has begun takes nothing more. */
async function experimentPlaces(db: Reader, project: string, source: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('import_experiment')
    .innerJoin('experiment', (join) =>
      join
        .onRef('experiment.project_id', '=', 'import_experiment.project_id')
        .onRef('experiment.id', '=', 'import_experiment.experiment_id'),
    )
    .leftJoin('removed_experiment', (join) =>
      join
        .onRef('removed_experiment.project_id', '=', 'import_experiment.project_id')
        .onRef('removed_experiment.experiment_id', '=', 'import_experiment.experiment_id'),
    )
    .select(['source_id', 'import_experiment.experiment_id'])
    .where('import_experiment.project_id', '=', project)
    .where('source', '=', source)
    .where('removed_experiment.experiment_id', 'is', null)
    .execute()
  return new Map(rows.map((row) => [row.source_id, row.experiment_id]))
}

/** Throws when the import was finished meanwhile. */
async function touch(trx: Trx, project: string, id: string, now: number): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable('import')
    .set({ last_at: now })
    .where('project_id', '=', project)
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw importErrors.FINISHED(id)
}

function ownerOf(text: string): ArtifactOwner {
  const [kind = '', id = ''] = text.split('/')
  return { kind: kind === 'run' || kind === 'trace' ? kind : 'logged-model', id }
}
