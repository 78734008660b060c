import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { FeatureRow, FeatureView, FeatureViewDefinition } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { ingestLedger, ledgerIsBehind, type LedgerWriter, openLedgerWriter } from '../../kernel/ledger/index.ts'
import type { OnlineStore, OnlineView, Relation, SubjectData } from '../../kernel/ports/index.ts'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import { maskOf, maskOfNames, redacted } from '../access/index.ts'
import { latestSnapshot, filesAt, relationAt } from '../../kernel/tables/catalog.ts'
import { featureErrors } from './errors.ts'
import { createOnlineFollower } from './follow-online.ts'
import { declareView, requireMayDeclare } from './declare-view.ts'
import { lookUpRows } from './look-up-rows.ts'
import { type CompiledView, compileView, windowMs } from './online.ts'
import { asItIs, openFeatureRows, type OpenedFeatures, sealedKeysOf, type WithSealedKeys } from './open-rows.ts'
import { parity, type ParityResult } from './parity.ts'
import { pushFile, pushRows, rowColumns, sealedColumn, streamOf, tableOf } from './push-rows.ts'
import { markClosed, recoverOnline } from './recover-online.ts'
import { sealingOfView, type ViewSealing } from './seal-rows.ts'
import { featureSubjects } from './subject-data.ts'
import type { FeatureViewTable } from './tables.ts'

type Deps = Pick<
  Kernel,
  | 'db'
  | 'clock'
  | 'events'
  | 'watermark'
  | 'blobs'
  | 'tables'
  | 'paths'
  | 'logger'
  | 'replicas'
  | 'sequencer'
  | 'subjects'
> & {
  online: OnlineStore
}

export interface Features {
  define(scope: Scope, name: string, definition: FeatureViewDefinition): Promise<FeatureView>
  get(scope: Scope, name: string): Promise<FeatureView>
  list(scope: Scope): Promise<FeatureView[]>
  push(scope: Scope, name: string, rows: readonly FeatureRow[]): Promise<number>
  pushFile(scope: Scope, name: string, body: Readable): Promise<number>
  lookup(
    scope: Scope,
    name: string,
    keys: readonly Record<string, unknown>[],
    asOf?: number,
  ): Promise<{ asOf: number; rows: Record<string, number | null | 'redacted'>[] }>
  /** The offline rows of a view, with everything that was pushed so far, and the definition ready for SQL. */
  offline(
    scope: Scope,
    name: string,
    range?: { from?: number; to?: number },
  ): Promise<{ view: CompiledView; urn: string; relation: Relation; sealed: boolean }>
  /**
   * `offline` for what computes with the rows: sealed values are opened where the scope may read what is personal, else they are missing. Release it: it may be a
   * file with plain values.
   */
  opened(scope: Scope, name: string): Promise<OpenedFeatures & { view: CompiledView; urn: string }>
  /** The rows of a file with the keys beside them under which the view keeps rows of people; the file as it is where it seals no key. */
  withSealedKeys(
    scope: Scope,
    view: CompiledView,
    rows: Relation,
    entities: { relation: Relation; keys: readonly string[]; path: string },
  ): Promise<WithSealedKeys>
  /** What the views hold about a person. */
  readonly subjects: SubjectData
  /** A view as the gateway needs it, at a version (the newest unless given). */
  onlineView(scope: Scope, name: string, version?: number): Promise<{ view: OnlineView; urn: string; version: number }>
  parity(scope: Scope, name: string, sample: number): Promise<ParityResult>
  /** Before anything is served: what a killed server recorded and did not bring into the online store any more is put there. */
  recover(): Promise<void>
  /** Brings in, now and again, what is pushed at other servers of the database. */
  follow(): void
  /** Brings in what other servers have committed by now. */
  takeOver(): Promise<void>
  close(): Promise<void>
}

/** How long rows stay in the online store past the window, for requests whose event time lies behind. */
const slackMs = 2 * 86_400_000
const commitAfterMs = 300

export function createFeatures(deps: Deps): Features {
  const { db, clock, events, watermark, blobs, tables, paths, online, logger, replicas, subjects } = deps
  const writers = new Map<string, LedgerWriter>()
  const pending = new Map<string, NodeJS.Timeout>()
  const newest = new Map<string, number>()
  /** Whether the online store holds what is recorded, as far as we know. */
  let whole = true
  /** Views some rows of which are recorded and found no space in the online store, with their last failure: they are brought there once they are committed. */
  const unplaced = new Map<string, unknown>()

  /** What a reader may not see of a view: features that are made of personal columns, and keys that are personal. */
  const hiddenParts = async (scope: Scope, name: string): Promise<{ features: ReadonlySet<string>; key: boolean }> => {
    const mask = await maskOf(db.read, scope)
    if (!mask.any) return { features: new Set(), key: false }
    const { features, keys } = definitionOf(await requireView(scope.project, name))
    return {
      features: new Set(
        Object.entries(features).flatMap(([feature, sql]) =>
          mask.hides(feature) || mask.hidesIn(sql) ? [feature] : [],
        ),
      ),
      key: keys.some((one) => mask.hides(one)),
    }
  }
  const requireView = async (
    project: string,
    name: string,
    version?: number,
  ): Promise<FeatureViewTable & { seals: number | null }> => {
    let query = db.read
      .selectFrom('feature_view')
      .selectAll()
      // Whether anything in the project is sealed at all, so that nobody else asks what.
      .select((e) =>
        e
          .selectFrom('personal_column')
          .select(sql<number>`1`.as('one'))
          .where('personal_column.project_id', '=', project)
          .where('subject_column', 'is not', null)
          .limit(1)
          .as('seals'),
      )
      .where('project_id', '=', project)
      .where('name', '=', name)
      .orderBy('version', 'desc')
      .limit(1)
    if (version !== undefined) query = query.where('version', '=', version)
    const row = await query.executeTakeFirst()
    if (row) return row
    if (version !== undefined) throw featureErrors.VERSION_NOT_FOUND(name, version)
    throw featureErrors.NOT_FOUND(name)
  }
  const definitionOf = (row: FeatureViewTable): FeatureViewDefinition =>
    JSON.parse(row.definition) as FeatureViewDefinition
  const targetOf = async (
    project: string,
    view: string,
  ): Promise<{
    project: string
    view: string
    definition: FeatureViewDefinition
    sealing: ViewSealing | undefined
  }> => {
    const row = await requireView(project, view)
    const definition = definitionOf(row)
    const sealing = row.seals === null ? undefined : await sealingOfView(db.read, project, view, definition)
    return { project, view, definition, sealing }
  }
  const urnOf = (row: FeatureViewTable): string => urn(row.project_id, 'feature-view', row.name, row.version)

  const present = async (row: FeatureViewTable): Promise<FeatureView> => {
    const files = await filesAt(db.read, row.project_id, tableOf(row.name))
    return {
      name: row.name,
      version: row.version,
      urn: urnOf(row),
      digest: row.digest,
      definition: definitionOf(row),
      rows: (await latestSnapshot(db.read, row.project_id, tableOf(row.name)))?.rows ?? 0,
      newestRow: files.length === 0 ? null : Math.max(...files.map((file) => file.maxTime)),
      createdAt: row.created_at,
      createdBy: row.created_by,
    }
  }

  const follower = createOnlineFollower({
    ...deps,
    slackMs,
    definitionOf: async (project, view) => definitionOf(await requireView(project, view)),
  })

  /** Makes pushed rows visible offline. */
  const commit = async (project: string, name: string): Promise<void> => {
    const row = await requireView(project, name)
    const definition = definitionOf(row)
    const key = `${project}/${name}`
    const failure = unplaced.get(key)
    await ingestLedger(deps, {
      project,
      stream: streamOf(project, name),
      table: tableOf(name),
      lines: [],
      select: '',
      shapeOf: async (file) => ({
        // What was sealed is kept as it is, whatever is declared by now.
        lines:
          row.seals !== null || (await readFile(file)).includes(`"${sealedColumn.name}":`)
            ? [...rowColumns(definition), sealedColumn]
            : rowColumns(definition),
        select: 'select * from lines',
      }),
      timeColumn: 'event_time',
      onCommitted: (trx: Trx, batch) => {
        if (!unplaced.has(key)) follower.own(batch.digest)
        return events
          .append(trx, {
            project,
            name: 'feature-rows.committed',
            schema: 1,
            by: 'system:features',
            subject: urnOf(row),
            refs: [],
            eventTime: batch.maxTime,
            data: { rows: batch.rows, digest: batch.digest, fact: `${batch.rows.toLocaleString('en-GB')} rows came` },
          })
          .then(() => {})
      },
    })
    if (failure === undefined) return
    try {
      await follower.look()
      if (unplaced.get(key) === failure) unplaced.delete(key)
    } catch (error) {
      logger.warn({ err: error, project, view: name }, 'pushed rows are not in the online store yet; it tries again')
      commitSoon(project, name)
    }
  }
  const notPlaced = (project: string, name: string, error: unknown): void => {
    unplaced.set(`${project}/${name}`, error)
    commitSoon(project, name)
  }
  const commitSoon = (project: string, name: string): void => {
    const key = `${project}/${name}`
    if (pending.has(key)) return
    const timer = setTimeout(() => {
      pending.delete(key)
      void commit(project, name).catch((error) => {
        logger.warn({ err: error, project, view: name }, 'pushed rows could not be committed; they will be tried again')
        commitSoon(project, name)
      })
    }, commitAfterMs)
    timer.unref()
    pending.set(key, timer)
  }
  const commitBehind = async (project: string): Promise<void> => {
    const names = await db.read
      .selectFrom('feature_view')
      .select('name')
      .distinct()
      .where('project_id', '=', project)
      .execute()
    for (const { name } of names) if (await ledgerIsBehind(deps, streamOf(project, name))) await commit(project, name)
  }
  watermark.addBlocker(async (project) => {
    await commitBehind(project)
    return []
  })
  replicas.onFlush(async () => {
    const projects = await db.read.selectFrom('feature_view').select('project_id').distinct().execute()
    for (const { project_id: project } of projects) await commitBehind(project)
  })

  const writerOf = (project: string, name: string): LedgerWriter => {
    const key = `${project}/${name}`
    const known = writers.get(key)
    if (known) return known
    const made = openLedgerWriter({ root: paths.ledgers, stream: streamOf(project, name) })
    writers.set(key, made)
    return made
  }

  /** Old rows leave the online store once in an hour of event time. */
  const expire = (project: string, name: string, definition: FeatureViewDefinition, latest: number): void => {
    const key = `${project}/${name}`
    const last = newest.get(key) ?? 0
    if (latest < last + 3_600_000) return
    newest.set(key, latest)
    online.expire(project, name, latest - windowMs(definition.window) - slackMs)
  }

  const offline: Features['offline'] = async (scope, name, range = {}) => {
    const row = await requireView(scope.project, name)
    await commit(scope.project, name)
    const view = compileView(name, definitionOf(row))
    const from = range.from === undefined ? {} : { from: range.from - view.windowMs }
    const relation = await relationAt(db.read, blobs, scope.project, tableOf(name), {
      ...from,
      ...(range.to === undefined ? {} : { to: range.to }),
    })
    const sealed = relation.columns?.some((column) => column.name === sealedColumn.name) ?? false
    const columns = [...rowColumns(definitionOf(row)), ...(sealed ? [sealedColumn] : [])]
    return { view, urn: urnOf(row), relation: { ...relation, columns }, sealed }
  }
  const opened = async (scope: Scope, name: string, always = false): ReturnType<Features['opened']> => {
    const found = await offline(scope, name)
    const { definition, sealing } = await targetOf(scope.project, name)
    const rows =
      found.sealed && (always || permits(scope, 'data:read-personal'))
        ? await openFeatureRows(deps, { project: scope.project, relation: found.relation, definition, sealing })
        : asItIs(found.relation)
    return { ...found, ...rows }
  }

  return {
    define: async (scope, name, definition) => {
      if (windowMs(definition.window) === 0) throw featureErrors.BAD_WINDOW(definition.window)
      compileView(name, definition)
      await requireMayDeclare(db.read, scope, name, definition)
      const text = JSON.stringify(definition)
      const digest = createHash('sha256').update(text).digest('hex')
      const row = await db.write.transaction().execute(async (trx) => {
        const before = await trx
          .selectFrom('feature_view')
          .selectAll()
          .where('project_id', '=', scope.project)
          .where('name', '=', name)
          .orderBy('version', 'desc')
          .limit(1)
          .executeTakeFirst()
        if (before?.digest === digest) return before
        if (before && shapeOf(definitionOf(before)) !== shapeOf(definition)) throw featureErrors.SHAPE_CHANGED(name)
        const made: FeatureViewTable = {
          project_id: scope.project,
          name,
          version: (before?.version ?? 0) + 1,
          digest,
          definition: text,
          created_at: clock(),
          created_by: scope.principal.id,
        }
        await trx.insertInto('feature_view').values(made).execute()
        await declareView(trx, scope.project, name, definition)
        await events.append(trx, {
          project: scope.project,
          name: 'feature-view.defined',
          schema: 1,
          by: scope.principal.id,
          subject: urnOf(made),
          refs: [],
          data: {
            digest,
            features: Object.keys(definition.features),
            fact: `${Object.keys(definition.features).length} features, ${definition.window}`,
          },
        })
        return made
      })
      return present(row)
    },
    get: async (scope, name) => present(await requireView(scope.project, name)),
    list: async (scope) => {
      const rows = await db.read
        .selectFrom('feature_view')
        .selectAll()
        .where('project_id', '=', scope.project)
        .orderBy('name')
        .orderBy('version', 'desc')
        .execute()
      return Promise.all(rows.filter((row, i) => rows[i - 1]?.name !== row.name).map(present))
    },
    push: async (scope, name, rows) => {
      const target = await targetOf(scope.project, name)
      const added = await pushRows(
        {
          online,
          subjects,
          writer: writerOf(scope.project, name),
          onUnplaced: (error) => notPlaced(scope.project, name, error),
        },
        target,
        rows,
      )
      expire(scope.project, name, target.definition, Math.max(...rows.map((row) => row.eventTime)))
      commitSoon(scope.project, name)
      return added
    },
    pushFile: async (scope, name, body) => {
      const target = await targetOf(scope.project, name)
      return pushFile(
        {
          ...deps,
          online,
          own: follower.own,
          again: (push, error) => {
            follower.again(push)
            notPlaced(push.project, push.view, error)
          },
        },
        target,
        body,
        slackMs,
      )
    },
    lookup: async (scope, name, keys, asOf) => {
      const { definition, sealing } = await targetOf(scope.project, name)
      const view = compileView(name, definition)
      const at = asOf ?? (await watermark.read(db.read, scope.project)).at
      const hidden = await hiddenParts(scope, name)
      const found = await lookUpRows({ online, subjects }, scope.project, view, keys, at)
      const sealed = maskOfNames([...(sealing?.columns.keys() ?? [])])
      const ofSealed = new Set(
        Object.entries(definition.features).flatMap(([feature, text]) => (sealed.hidesIn(text) ? [feature] : [])),
      )
      return {
        asOf: at,
        rows: found.map(({ features, erased }) =>
          Object.fromEntries(
            Object.entries(features).map(([feature, value]) => [
              feature,
              hidden.features.has(feature) || (erased && ofSealed.has(feature)) ? redacted : value,
            ]),
          ),
        ),
      }
    },
    offline,
    opened,
    withSealedKeys: (scope, view, rows, entities) => sealedKeysOf(deps, scope.project, view, rows, entities),
    subjects: featureSubjects(deps, {
      sealingOf: targetOf,
      offline: (project, name) => offline({ project } as Scope, name),
    }),
    onlineView: async (scope, name, version) => {
      const row = await requireView(scope.project, name, version)
      return { view: compileView(name, definitionOf(row)), urn: urnOf(row), version: row.version }
    },
    parity: async (scope, name, sample) => {
      const rows = await opened(scope, name, true)
      const found = await compare()
      const hidden = await hiddenParts(scope, name)
      return {
        ...found,
        differences: found.differences
          .filter(({ feature }) => !hidden.features.has(feature))
          .map((one) => (hidden.key ? { ...one, key: redacted } : one)),
      }
      async function compare(): Promise<ParityResult> {
        try {
          return await parity({ tables, online, subjects }, scope.project, rows, sample)
        } finally {
          await rows.release()
        }
      }
    },
    recover: async () => {
      whole = false
      await recoverOnline({
        ...deps,
        slackMs,
        definitionOf: async (project, view) => definitionOf(await requireView(project, view)),
      })
      whole = true
    },
    follow: () => follower.start(),
    takeOver: () => follower.look(),
    close: async () => {
      await follower.stop()
      for (const timer of pending.values()) clearTimeout(timer)
      for (const writer of writers.values()) writer.close()
      online.close()
      if (whole && unplaced.size === 0) await markClosed(deps)
    },
  }
}

const shapeOf = (definition: FeatureViewDefinition): string =>
  JSON.stringify([definition.keys, Object.entries(definition.columns).toSorted()])
