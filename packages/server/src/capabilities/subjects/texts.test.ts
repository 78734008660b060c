import { describeEachDatabase } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { TextPlace } from '../../kernel/ports/index.ts'
import { createSubjectRequests } from './index.ts'

/** Columns that hold nothing that anybody wrote, with the reason: names that end so, or tables by name. */
const neverText: readonly [RegExp, string][] = [
  [/(^|\.|_)(id|ids|urn|owner|handle|worker|xid)$/, 'made by the program, or the URN of a thing'],
  [/(^|\.|_)(digest|digests|hash|blob|mark|traceparent|cache_key)$/, 'a digest'],
  [
    /\.(state|status|kind|part|mode|stage|lifecycle|useful|outcome|permission|when_late|direction|what|method)$/,
    'one of few words',
  ],
  [
    /\.(approval|gate|parity|series|verdict|last_text|trigger_outcome|pickles|used_data|inbox_item|approval_item)$/,
    'made by the program',
  ],
  [/(_by|\.by|\.assignee|\.authors)$/, 'the id of an account, which is erased by itself'],
  [
    /\.(dataset|deployment|experiment|model|monitor|pipeline|pipeline_run|step|release|current_release|alert|webhook|trigger_name|trained_on|run_link)$/,
    'the name or URN of another thing, which its own table shows',
  ],
  [
    /\.(event|route|subject|refs|needs|event_time_column|decision_option|again|options|version|overrides|approval_policy|sealed|secret)$/,
    'a word of a definition, the name of a thing, or sealed',
  ],
  [
    /^(event\.name|pipeline_step\.name|pipeline_cache\.key|done_act\.key|webhook_delivery\.subject)$/,
    'made by the program',
  ],
]
const neverIn: Readonly<Record<string, string>> = {
  membership: 'accounts and roles',
  role_grant: 'accounts and roles',
  separation_rule: 'names of permissions',
  token: 'of an account',
  invitation: 'of an account',
  quota: 'numbers',
  quota_use: 'numbers',
  personal_column: 'names of columns',
  secret_version: 'sealed by the vault',
  secret_share: 'names of secrets',
  secret_use: 'names of secrets',
  subject_key: 'keyed hashes',
  subject_root: 'sealed by the vault',
  dataset_redaction: 'names of datasets',
  erasure: 'the record itself, which names nobody',
  event_archive: 'digests',
  event_batch: 'digests',
  event_chain: 'digests',
  event_checkpoint: 'digests',
  event_waiting: 'events for the moment until they are numbered',
  metric_archive: 'digests',
  metric_archive_key: 'names of metrics: run_metric',
  lineage_edge: 'URNs: lineage_node',
  evaluation_model: 'URNs',
  blob_chunks: 'digests',
  placed_content: 'digests, and keys that places make of them',
  blob_ref: 'digests and URNs',
  storage_damage: 'digests',
  table_def: 'names of datasets and deployments',
  table_column: 'names of columns: dataset_version',
  upload: 'digests',
  deployment_caller: 'ids of accounts and releases',
  removed_series: 'numbers',
  watermark: 'numbers',
  trace_run: 'ids',
  run_model: 'ids',
  evaluation_set_experiment: 'ids',
  run_metric_point: 'numbers',
  run_histogram_point: 'numbers',
  removed_histogram: 'ids',
}

const person = 'C-1094'

describeEachDatabase('texts that name a person', ({ world, dialect }) => {
  let project: string
  const db = () => world.kernel.db.read as unknown as Kysely<any>
  const places = (): readonly (TextPlace & { capability: string })[] =>
    world.capabilities.subjectTexts.flatMap(({ capability, places: own }) => own.map((one) => ({ capability, ...one })))
  interface Column {
    readonly table: string
    readonly name: string
    readonly isText: boolean
    readonly needed: boolean
  }
  const columns = async (): Promise<Column[]> => {
    const { rows } =
      dialect === 'sqlite'
        ? await sql<any>`select m.name as t, p.name as c, p.type as ty, p."notnull" + p.pk as needed from sqlite_master m, pragma_table_info(m.name) p where m.type = 'table'`.execute(
            db(),
          )
        : await sql<any>`select table_name as t, column_name as c, data_type as ty, case is_nullable when 'NO' then 1 else 0 end as needed from information_schema.columns where table_schema = 'public'`.execute(
            db(),
          )
    return rows.map((row) => ({
      table: row.t,
      name: row.c,
      isText: String(row.ty).toLowerCase() === 'text',
      needed: Number(row.needed) > 0,
    }))
  }

  beforeAll(async () => {
    project = await world.makeProject()
  })

  test('are searched in every column of every table of a project, or it is said why nobody can name one there', async () => {
    const all = await columns()
    const owned = new Set(all.filter(({ name }) => name === 'project_id').map(({ table }) => table))
    const listed = new Set(
      places().flatMap((place) =>
        [...place.columns, ...(place.removeBy ?? []), ...(place.fixed?.columns ?? [])].map(
          (name) => `${place.table}.${name}`,
        ),
      ),
    )
    const forgotten = all
      .filter(({ table, isText }) => isText && owned.has(table) && neverIn[table] === undefined)
      .map(({ table, name }) => `${table}.${name}`)
      .filter(
        (name) => !name.endsWith('.project_id') && !listed.has(name) && !neverText.some(([like]) => like.test(name)),
      )
    expect(forgotten).toEqual([])
    const known = new Set(all.map(({ table, name }) => `${table}.${name}`))
    expect([...listed].filter((name) => !known.has(name))).toEqual([])
  })

  /** Rows with the name of the person in some columns, and something in all others that must hold something. */
  const fill = async (rows: readonly { place: TextPlace; named: readonly string[] }[]): Promise<void> => {
    const all = Map.groupBy(await columns(), ({ table }) => table)
    const { principal } = await world.as('admin', project)
    const write = world.kernel.db.write as unknown as Kysely<any>
    await write.transaction().execute(async (trx) => {
      for (const [index, { place, named }] of rows.entries()) {
        const n = 70 + index
        const values: Record<string, unknown> = {}
        for (const { name, isText, needed } of all.get(place.table) ?? [])
          if (named.includes(name)) values[name] = JSON.stringify({ said: `Call c-1094 ${n}`, of: [person] })
          else if (needed) values[name] = isText ? `"x${n}"` : n
        if ('principal_id' in values) values['principal_id'] = principal.id
        values['project_id'] = project
        await trx.insertInto(place.table).values(values).execute()
      }
    })
  }
  const rowsOf = (place: TextPlace) =>
    db()
      .selectFrom(place.table)
      .selectAll()
      .where(place.project ?? 'project_id', '=', project)
      .execute()

  test('are found in all of these, and taken out of them but where a digest or a name holds them, which the erasure lists', async () => {
    const filled = places().filter(({ table }) => table !== 'project' && table !== 'event')
    await fill(
      filled.flatMap((place) => [
        ...(place.columns.length > 0 ? [{ place, named: place.columns }] : []),
        ...[...(place.removeBy ?? []), ...(place.fixed?.columns ?? [])].map((one) => ({ place, named: [one] })),
      ]),
    )
    // The rows are nonsense to every capability, so only their texts are asked.
    const handlers: ((job: never) => Promise<void>)[] = []
    const { scope } = await world.as('admin', project)
    const requests = createSubjectRequests(
      {
        ...world.kernel,
        jobs: {
          ...world.kernel.jobs,
          handle: ({ handle }) => void handlers.push(handle as never),
          enqueue: async () => '',
        },
      },
      {
        lineage: world.capabilities.lineage,
        data: [],
        texts: world.capabilities.subjectTexts,
        accounts: { capability: 'none', find: async () => [], export: async function* () {}, erase: async () => [] },
        mayErase: () => {},
      },
    )
    const before = await requests.find(scope, { subject: person })
    const counted = new Map(before.found.map((one) => [one.where, one.count]))
    for (const place of filled) {
      const expected = (place.columns.length > 0 ? 1 : 0) + (place.removeBy?.length ?? 0)
      expect(counted.get(place.title) ?? 0, place.title).toBe(expected)
    }
    const exported = await Array.fromAsync(requests.export(scope, { subject: person }))
    expect(exported.length).toBe(before.found.reduce((sum, one) => sum + one.count, 0))
    const { subject } = await requests.erase(scope, { subject: person, confirm: person, reason: 'Request 8 of a test' })
    await handlers[0]?.({
      project,
      input: { keyId: subject },
      complete: (done: (trx: unknown) => Promise<void>) => world.kernel.db.write.transaction().execute(done),
    } as never)
    const [erasure] = await requests.list(scope, {})
    if (!erasure) throw new Error('The erasure is not there.')
    expect(erasure.state).toBe('finished')
    expect(erasure.error).toBeNull()
    for (const place of filled) {
      const { title } = place
      const rows = await rowsOf(place)
      const fixed = new Set(place.fixed?.columns)
      for (const row of rows)
        for (const [column, value] of Object.entries(row))
          if (!fixed.has(column))
            expect(String(value).toLowerCase(), `${place.table}.${column}`).not.toContain('c-1094')
      const of = (list: readonly { where: string; count: number; how?: string }[], how?: string) =>
        list
          .filter((one) => one.where === title && (how === undefined || one.how === how))
          .reduce((sum, one) => sum + one.count, 0)
      expect(of(erasure.changed, 'redacted'), title).toBe(place.columns.length > 0 ? 1 : 0)
      expect(of(erasure.changed, 'removed'), title).toBe(place.removeBy?.length ?? 0)
      expect(of(erasure.left), title).toBe(fixed.size)
      if (place.columns.length > 0) {
        const texts = rows
          .map((row) => row[place.columns[0] as string])
          .filter((text) => String(text).includes('[redacted]'))
        expect(
          texts.map((text) => JSON.parse(text).of),
          title,
        ).toEqual([['[redacted]']])
      }
    }
    expect(erasure.looked.map(({ where }) => where)).toEqual(expect.arrayContaining(filled.map(({ title }) => title)))
  })
})
