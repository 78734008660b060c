import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { DataSubject, Relation, SubjectCount, SubjectData, TableColumn } from '../../kernel/ports/index.ts'
import { heldRows, type HeldRows, readSealed } from '../../kernel/subjects/index.ts'
import { filesAt, relationAt } from '../../kernel/tables/catalog.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { sealingOf } from '../access/index.ts'
import { noteRedactions } from './redactions.ts'
import { readSealedColumns } from './seal-version.ts'
import type { DatasetVersionTable } from './tables.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'subjects'>

/** The versions that share a table: of all of them one look at its files tells who is in which. */
interface Held {
  readonly dataset: string
  readonly relation: Relation
  readonly columns: readonly TableColumn[]
  readonly rows: HeldRows
  /** Versions, and by file how many rows of the person it holds. */
  readonly versions: readonly { version: number; sealed: number; plain: number }[]
}

const most = 1000

/**
 * What datasets hold about a person: rows whose values are sealed with his key, in every version; and rows of versions from before something said whose they
 * are, which an erasure does not reach. Erasing notes the rows with their versions, which show `redacted` from then on.
 */
export function datasetSubjects({ db, blobs, tables, subjects }: Deps): SubjectData {
  const held = async (person: DataSubject): Promise<Held[]> => {
    const { project } = person
    const versions = await db.read
      .selectFrom('dataset_version')
      .selectAll()
      .where('project_id', '=', project)
      .orderBy('dataset')
      .orderBy('version')
      .execute()
    const found: Held[] = []
    for (const [table, ofTable] of Map.groupBy(versions, (row) => row.table_id)) {
      const newest = ofTable.at(-1) as DatasetVersionTable
      const columns = JSON.parse(newest.columns) as TableColumn[]
      const sealed = readSealedColumns(newest)
      const names = columns.map(({ name }) => name)
      const naming = [...new Set((await sealingOf(db.read, project, names, `dataset:${newest.dataset}`)).values())]
      const rows = heldRows(person, { sealed: sealed.map(({ name }) => name), naming })
      if (!rows) continue
      const relation = await relationAt(db.read, blobs, project, table, { snapshot: newest.snapshot })
      if (relation.files.length === 0) continue
      const { rows: counts } = await tables.query({
        sql: `select filename, count(*) filter (${rows.sealed}), count(*) filter (not ${rows.sealed}) from data where ${rows.where} group by 1`,
        relations: { data: { ...relation, filename: true } },
        params: rows.params,
        trusted: true,
        maxRows: 1_000_000,
      })
      if (counts.length === 0) continue
      const byFile = new Map(counts.map(([file, own, plain]) => [String(file), [Number(own), Number(plain)] as const]))
      const inVersions: { version: number; sealed: number; plain: number }[] = []
      for (const { version, snapshot } of ofTable) {
        const files = await filesAt(db.read, project, table, { snapshot })
        const paths = await Promise.all(files.map(({ digest }) => blobs.localPath(project, digest)))
        const sums = paths.map((path) => byFile.get(path) ?? ([0, 0] as const))
        inVersions.push({
          version,
          sealed: sums.reduce((sum, [own]) => sum + own, 0),
          plain: sums.reduce((sum, [, plain]) => sum + plain, 0),
        })
      }
      found.push({ dataset: newest.dataset, relation, columns, rows, versions: inVersions })
    }
    return found
  }

  const counts = (project: string, all: readonly Held[]): SubjectCount[] =>
    [...Map.groupBy(all, ({ dataset }) => dataset)].map(([dataset, parts]) => {
      const last = parts.map(({ versions }) => versions.at(-1) ?? { sealed: 0, plain: 0 })
      const plain = last.reduce((sum, one) => sum + one.plain, 0)
      return {
        kind: 'dataset-rows',
        where: dataset,
        count: last.reduce((sum, one) => sum + one.sealed, 0) + plain,
        urns: parts
          .flatMap(({ versions }) => versions)
          .filter((one) => one.sealed + one.plain > 0)
          .map(({ version }) => urn(project, 'dataset', dataset, version)),
        ...(plain > 0 ? { plain } : {}),
      }
    })

  return {
    capability: 'datasets',
    find: async (person) => counts(person.project, await held(person)),
    export: async function* (person) {
      for (const { dataset, relation, columns, rows: ofPerson } of await held(person)) {
        for (let offset = 0; ; offset += most) {
          const { rows } = await tables.query({
            sql: `select ${columns.map(({ name }) => sqlName(name)).join(', ')} from data where ${ofPerson.where} limit ${most} offset ${offset}`,
            relations: { data: relation },
            params: ofPerson.params,
            trusted: true,
          })
          const open = await subjects.opener(person.project, rows.flat())
          for (const row of rows)
            yield {
              kind: 'dataset-rows',
              where: dataset,
              record: Object.fromEntries(columns.map(({ name }, index) => [name, readSealed(row[index], open)])),
            }
          if (rows.length < most) break
        }
      }
    },
    erase: async (person) => {
      const all = await held(person)
      const { keyId, project } = person
      if (keyId !== undefined)
        await db.write.transaction().execute(async (trx) => {
          for (const { dataset, versions } of all)
            for (const { version, sealed } of versions)
              if (sealed > 0) await noteRedactions(trx, { project, dataset, version }, new Map([[keyId, sealed]]), true)
        })
      return counts(project, all)
    },
  }
}
