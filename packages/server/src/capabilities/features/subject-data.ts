import type { FeatureViewDefinition } from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { DataSubject, OnlineStore, Relation, SubjectCount, SubjectData } from '../../kernel/ports/index.ts'
import { isSealed, keyMark } from '../../kernel/subjects/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { openedValues } from './online.ts'
import { partsOf } from './open-rows.ts'
import { rowColumns, sealedColumn } from './push-rows.ts'
import type { ViewSealing } from './seal-rows.ts'

type Deps = Pick<Kernel, 'db' | 'tables' | 'subjects'> & { online: OnlineStore }

interface Views {
  sealingOf(
    project: string,
    view: string,
  ): Promise<{ definition: FeatureViewDefinition; sealing: ViewSealing | undefined }>
  offline(project: string, view: string): Promise<{ relation: Relation; sealed: boolean }>
}

interface Held {
  readonly view: string
  readonly versions: number[]
  readonly definition: FeatureViewDefinition
  readonly relation: Relation
  /** Conditions over a row of `rows`; both parameters are in `where`. */
  readonly sealed: string
  readonly where: string
}

const most = 1000

/**
 * What feature views hold about a person: rows with something that is sealed with his key, and those from before anything said whose they are, by his name. His
 * key covers the sealed ones here and in the tables; erasing also destroys the copy of it that lies beside the rows of the online store.
 */
export function featureSubjects({ db, tables, subjects, online }: Deps, views: Views): SubjectData {
  const paramsOf = ({ subject, keyId }: DataSubject): string[] => [keyMark(keyId ?? 'nobody'), subject]
  const held = async function* ({ project }: DataSubject): AsyncGenerator<Held> {
    const found = await db.read
      .selectFrom('feature_view')
      .select(['name', 'version'])
      .where('project_id', '=', project)
      .orderBy('name')
      .orderBy('version')
      .execute()
    for (const [view, rows] of Map.groupBy(found, ({ name }) => name)) {
      const { definition, sealing } = await views.sealingOf(project, view)
      const { relation, sealed } = await views.offline(project, view)
      if (relation.files.length === 0 || (!sealed && !sealing)) continue
      const naming = new Set([...(sealing?.keys.values() ?? []), ...(sealing?.columns.values() ?? [])])
      const ofName = [...naming].map((name) => {
        const at = definition.keys.indexOf(name)
        return at >= 0 ? `string_split(entity_key, chr(31))[${at + 1}] = $2` : `${sqlName(name)}::varchar = $2`
      })
      const ofKey = `(contains(entity_key, $1)${sealed ? ` or coalesce(contains(${sqlName(sealedColumn.name)}, $1), false)` : ''})`
      yield {
        view,
        versions: rows.map(({ version }) => version),
        definition,
        relation,
        sealed: ofKey,
        where: `(${[ofKey, ...ofName].map((one) => `coalesce(${one}, false)`).join(' or ')}) and $2::varchar is not null`,
      }
    }
  }
  const find = async (person: DataSubject): Promise<SubjectCount[]> => {
    const counts: SubjectCount[] = []
    for await (const { view, versions, relation, sealed, where } of held(person)) {
      const { rows } = await tables.query({
        sql: `select count(distinct row_id), count(distinct row_id) filter (not ${sealed}) from rows where ${where}`,
        relations: { rows: relation },
        params: paramsOf(person),
        trusted: true,
      })
      const [count, plain] = (rows[0] ?? []).map(Number) as [number, number]
      if (count === 0) continue
      counts.push({
        kind: 'feature-rows',
        where: view,
        count,
        urns: versions.map((version) => urn(person.project, 'feature-view', view, version)),
        ...(plain > 0 ? { plain } : {}),
      })
    }
    return counts
  }
  return {
    capability: 'features',
    find,
    export: async function* (person) {
      for await (const { view, definition, relation, where } of held(person)) {
        const columns = [...rowColumns(definition), sealedColumn]
        for (let offset = 0; ; offset += most) {
          const page = await tables.query({
            sql: `select ${columns.map(({ name }) => sqlName(name)).join(', ')} from rows where ${where} order by event_time, row_id limit ${most} offset ${offset}`,
            relations: { rows: { ...relation, columns } },
            params: paramsOf(person),
            trusted: true,
          })
          const texts = page.rows.flatMap((row) => String(row.at(-1) ?? '').split(' '))
          const open = await subjects.opener(person.project, [
            ...texts,
            ...page.rows.flatMap((row) => String(row[1]).split('\u001f')),
          ])
          for (const [id, key, eventTime, knownAt, ...cells] of page.rows) {
            const names = Object.keys(definition.columns)
            const plain = Object.fromEntries(names.map((name, index) => [name, cells[index] as string | null]))
            const { values } = openedValues(
              { values: { ...plain, [sealedColumn.name]: cells.at(-1) as string | null } },
              open,
            )
            const { [sealedColumn.name]: _, ...record } = values
            // A part of the key that stands for whoever asked is his name.
            const keys = Object.entries(partsOf(definition, String(key))).map(([name, part]) => [
              name,
              isSealed(part) ? (open(part) ?? person.subject) : part,
            ])
            yield {
              kind: 'feature-rows',
              where: view,
              record: { id, ...Object.fromEntries(keys), event_time: eventTime, known_at: knownAt, ...record },
            }
          }
          if (page.rows.length < most) break
        }
      }
    },
    erase: async (person) => {
      const { project, keyId } = person
      if (keyId !== undefined) online.forget(project, await subjects.keysOf(project, [keyId]))
      return find(person)
    },
  }
}
