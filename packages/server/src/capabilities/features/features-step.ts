import { createHash, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ColumnAvailability, EventRef } from '@trivium/contract'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { StepKind, WrittenTable } from '../../kernel/ports/index.ts'
import { permits } from '../../kernel/principal/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import type { Datasets } from '../datasets/index.ts'
import { featureErrors } from './errors.ts'
import type { Features } from './features.ts'
import { findLeaks, type Leak } from './find-leaks.ts'
import { pointInTimeSql } from './point-in-time.ts'

interface Configuration {
  /** SELECT over relation `data` (the dataset's rows) that makes the entity rows: keys, a timestamp, other features and the label. */
  entities: string
  /** Timestamp column of the entities: each row's own moment. */
  time: string
  /** Views to join, each with the entity columns that hold its keys, in the view's order. */
  views: { view: string; keys: string[] }[]
  /** Name of the dataset that the result becomes a version of. */
  dataset: string
  /** Columns of the entities that are the answer, which may be known later than the row's moment. */
  label?: string | string[]
}

const knownKeys = ['entities', 'time', 'views', 'dataset', 'label']

/**
 * Step kind `features`: turns the dataset in input `dataset` into rows with point-in-time features, as the next version of dataset `with.dataset`. `$name` in
 * `entities` is replaced by the step's parameter of that name as a literal; `$as_of` is event time of the run, a timestamp.
 */
export function featuresStep({
  features,
  datasets,
  tables,
  paths,
  db,
  subjects,
}: { features: Features; datasets: Datasets } & Pick<Kernel, 'tables' | 'paths' | 'db' | 'subjects'>): StepKind {
  return {
    kind: 'features',
    caching: 'content',
    check: (configuration) => [
      ...Object.keys(configuration)
        .filter((key) => !knownKeys.includes(key))
        .map((key) => `features knows no setting "${key}"; it takes ${knownKeys.join(', ')}.`),
      ...['entities', 'time', 'dataset']
        .filter((key) => typeof configuration[key] !== 'string')
        .map((key) => `features needs "${key}".`),
      ...([configuration['label'] ?? []].flat().every((name) => typeof name === 'string')
        ? []
        : ['"label" of features is the name of a column, or a list of names.']),
      ...(Array.isArray(configuration['views']) ? [] : ['features needs "views": a list of {view, keys}.']),
    ],
    // What was pushed by now is an input like any other: its digest enters the cache key.
    resolve: async (context, configuration) => {
      const { views } = configuration as unknown as Configuration
      const found: Awaited<ReturnType<NonNullable<StepKind['resolve']>>> = {}
      const { entities } = configuration as unknown as Configuration
      if (entities.includes('$as_of'))
        found['as_of'] = { kind: 'value', digest: digestOf(context.asOf), value: context.asOf }
      for (const { view } of views) {
        const current = await features.offline(context.scope, view, { to: context.asOf })
        const state = [current.urn, ...current.relation.files.map((path) => path.split('/').at(-1) ?? '')]
        // Sealed rows are other rows for whoever may read them, and others again when somebody was erased.
        if (current.sealed)
          state.push(
            permits(context.scope, 'data:read-personal')
              ? `open, ${(await subjects.counts(db.read, context.scope.project)).erased} erased`
              : 'sealed',
          )
        found[`view:${view}`] = {
          kind: 'value',
          digest: createHash('sha256').update(JSON.stringify(state)).digest('hex'),
          urn: current.urn,
        }
      }
      return found
    },
    run: async (context, configuration) => {
      const { entities, time, views, dataset, label = [] } = configuration as unknown as Configuration
      const input = context.inputs['dataset']
      const parts = input?.urn === undefined ? undefined : parseUrn(input.urn)
      if (parts?.kind !== 'dataset' || parts.version === undefined)
        throw new Error('Step kind features needs an input named "dataset", such as dataset:flights@latest.')
      const { relation: source, typed, release } = await datasets.opened(context.scope, parts.id, Number(parts.version))
      const base = join(paths.tmp, `features-${randomUUID()}`)
      const scratch: string[] = []
      try {
        let current = `${base}-0.parquet`
        scratch.push(current)
        const sql = withParameters(entities, context.parameters, context.asOf)
        const first = await tables.write(
          {
            sql,
            relations: { data: source },
            trusted: false,
            output: { path: current, format: 'parquet' },
          },
          { signal: context.signal },
        )
        context.log(`${first.rows.toLocaleString('en-GB')} entity rows`)
        let columns = first.columns
        const { version: origin } = await datasets.version(context.scope, parts.id, Number(parts.version))
        const declared = await datasets.get(context.scope, parts.id)
        const labels = [label].flat()
        const lacking = [time, ...labels].find((name) => !columns.some((column) => column.name === name))
        if (lacking !== undefined)
          throw featureErrors.NO_ENTITY_COLUMN(lacking, columns.map(({ name }) => name).join(', '))
        if (origin.eventTimeColumn !== null) {
          const leaks = await findLeaks(tables, {
            source,
            sourceColumns: typed(origin.columns),
            eventTime: origin.eventTimeColumn,
            availability: declared.availability,
            sql,
            entities: current,
            columns,
            time,
            labels,
            scratch: base,
            signal: context.signal,
          })
          if (leaks.length > 0) throw leakError(leaks, time, declared.availability)
          context.log('no column but the labels holds what was not known at its row’s moment')
        }
        const refs: EventRef[] = [{ rel: 'input', urn: input?.urn ?? '', as: 'rows of' }]
        for (const [index, { view: name, keys }] of views.entries()) {
          const next = `${base}-${index + 1}.parquet`
          const keyed = `${base}-${index + 1}-keys.parquet`
          scratch.push(next, keyed)
          const opened = await features.opened(context.scope, name)
          const { view, relation, urn } = opened
          let joined: WrittenTable
          try {
            const entities = await features.withSealedKeys(context.scope, view, relation, {
              relation: { format: 'parquet', files: [current] },
              keys,
              path: keyed,
            })
            const sql = pointInTimeSql(view, {
              timeMs: `epoch_ms(${sqlName(time)}::timestamp)`,
              keys,
              otherKeys: entities.columns,
              columns: columns.map((column) => column.name),
            })
            joined = await tables.write(
              {
                sql,
                relations: { entities: entities.relation, rows: relation },
                trusted: true,
                output: { path: next, format: 'parquet' },
              },
              { signal: context.signal },
            )
          } finally {
            await opened.release()
          }
          context.log(
            `${name}: ${view.features.map((feature) => feature.name).join(', ')} joined as known at each row's moment`,
          )
          refs.push({ rel: 'input', urn, as: 'features of' })
          current = next
          columns = joined.columns
        }
        const { version, unchanged } = await datasets.add(context.scope, {
          name: dataset,
          content: { path: current },
          format: 'parquet',
          mode: 'replace',
          eventTime: time,
          note: `made by ${context.pipeline}`,
          refs: [...refs, { rel: 'input', urn: context.runUrn, as: 'made by' }],
        })
        // What is made of a dataset is answered for by whoever answers for that, unless somebody is named.
        if (declared.owners && (await datasets.get(context.scope, dataset)).owners === null)
          await datasets.declare(context.scope, dataset, {
            owners: { ...declared.owners, producer: `pipeline ${context.pipeline}` },
          })
        context.log(
          `${dataset} v${version.version}${unchanged ? ' (unchanged)' : ''}: ${version.rows.toLocaleString('en-GB')} rows, ${columns.length} columns`,
        )
        return {
          outputs: { dataset: { kind: 'dataset', digest: version.digest, urn: version.urn } },
          refs: [...refs, { rel: 'output', urn: version.urn, as: 'made' }],
        }
      } finally {
        await release()
        await Promise.all(scratch.map((path) => rm(path, { force: true })))
      }
    },
  }
}

function leakError(
  leaks: readonly Leak[],
  time: string,
  availability: Readonly<Record<string, ColumnAvailability>>,
): Error {
  const named = leaks.map(({ column }) => column).join(', ')
  const [first] = leaks as [Leak]
  const example = `${first.column} differs in ${first.rows.toLocaleString('en-GB')} of the rows up to ${new Date(first.moment).toISOString()} when it is made from what was known by then`
  const later = Object.entries(availability).map(([column, known]) =>
    'at' in known ? `${column} (at ${known.at})` : `${column} (${known.after} after the row)`,
  )
  return featureErrors.LEAKAGE(named, time, example, later.join(', '))
}

/** Replaces `$name` by a literal; a name without a parameter is an error of the definition. */
function withParameters(sql: string, parameters: Readonly<Record<string, unknown>>, asOf: number): string {
  return sql.replaceAll(/\$([a-z_][a-z0-9_]*)/gi, (_, name: string) => {
    if (name === 'as_of') return `make_timestamp(${asOf}::BIGINT * 1000)`
    const value = parameters[name]
    if (typeof value === 'number') return String(value)
    if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
    throw new Error(
      `The SQL in "entities" uses $${name}, but the step has no parameter "${name}". Give it under "params".`,
    )
  })
}

const digestOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
