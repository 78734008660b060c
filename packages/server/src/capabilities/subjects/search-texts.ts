import { type Kysely, sql } from 'kysely'
import type { Dialect, Trx } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type {
  DataSubject,
  SubjectCount,
  SubjectData,
  SubjectRemainder,
  SubjectTexts,
  TextPlace,
} from '../../kernel/ports/index.ts'
import { distinctNames, hasNames, namesOf, type PersonNames, redactNames } from '../../kernel/subjects/index.ts'
import type { FoundTexts, TextPage } from './search-texts-thread.ts'

const here = new URL(`./search-texts-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** So many rows are changed in one transaction, so that others have their turn. */
const changedAtOnce = 100

/** How many rows of a place were searched. */
export interface LookedAt {
  readonly capability: string
  readonly where: string
  readonly rows: number
}

/** The texts of a capability as an erasure sees them: searched page by page on a reader thread, changed a few rows at a time. */
export interface TextData extends SubjectData {
  /** Takes the names out, and says what it changed, what it left, and what it has looked at. */
  redact(person: DataSubject): Promise<{ changed: SubjectCount[]; left: SubjectRemainder[]; looked: LookedAt[] }>
}

/** Finds, exports and redacts what texts of a capability say about a person. */
export function textData({ db }: Pick<Kernel, 'db'>, { capability, places }: SubjectTexts): TextData {
  const pages = async function* (person: DataSubject, place: TextPlace): AsyncGenerator<FoundTexts> {
    const names = distinctNames(calledBy(person))
    if (!hasNames(names)) return
    let after: readonly unknown[] | null = null
    do {
      const input: TextPage = {
        project: person.project,
        table: place.table,
        projectColumn: projectOf(place),
        key: place.key,
        columns: place.columns,
        removeBy: place.removeBy ?? [],
        fixed: place.fixed?.columns ?? [],
        names,
        after,
      }
      const bytes = await db.offload({ module: here, name: 'textPageBytes', input, slow: true })
      const found: FoundTexts = JSON.parse(new TextDecoder().decode(bytes))
      yield found
      after = found.last
    } while (after !== null)
  }
  const changeRows = async (
    keys: FoundTexts['texts'],
    change: (trx: Trx, key: readonly unknown[]) => Promise<number>,
  ): Promise<number> => {
    let changed = 0
    for (let at = 0; at < keys.length; at += changedAtOnce)
      changed += await db.write.transaction().execute(async (trx) => {
        let count = 0
        for (const key of keys.slice(at, at + changedAtOnce)) count += await change(trx, key)
        return count
      })
    return changed
  }
  const redact: TextData['redact'] = async (person) => {
    const names = distinctNames(calledBy(person))
    const { project } = person
    const changed: SubjectCount[] = []
    const left: SubjectRemainder[] = []
    const looked: LookedAt[] = []
    for (const place of places) {
      const where = place.title
      const done = { rows: 0, redacted: 0, removed: 0, fixed: 0 }
      for await (const page of pages(person, place)) {
        done.rows += page.looked
        done.fixed += page.fixed
        done.redacted += await changeRows(page.texts, (trx, key) =>
          redactRow(trx, db.dialect, project, place, names, key),
        )
        done.removed += await changeRows(page.named, async (trx, key) =>
          Number((await removal(trx, project, place, key).executeTakeFirst()).numDeletedRows),
        )
      }
      if (done.rows > 0) looked.push({ capability, where, rows: done.rows })
      for (const how of ['redacted', 'removed'] as const)
        if (done[how] > 0) changed.push({ kind: 'texts', where, count: done[how], plain: done[how], how, urns: [] })
      if (done.fixed > 0 && place.fixed) left.push({ kind: 'names', where, count: done.fixed, why: place.fixed.why })
    }
    return { changed, left, looked }
  }
  return {
    capability,
    repeats: true,
    find: async (person) => {
      const counts: SubjectCount[] = []
      for (const place of places) {
        let count = 0
        for await (const page of pages(person, place)) count += page.texts.length + page.named.length
        if (count > 0) counts.push({ kind: 'texts', where: place.title, count, plain: count, urns: [] })
      }
      return counts
    },
    export: async function* (person) {
      for (const place of places)
        for await (const page of pages(person, place))
          for (const key of [...page.texts, ...page.named]) {
            const [row] = await rowsOf(db.read as unknown as Kysely<any>, person.project, place, key).execute()
            if (row) yield { kind: 'texts', where: place.title, record: row }
          }
    },
    erase: async (person) => (await redact(person)).changed,
    redact,
  }
}

/** What a person is called, at least his id. */
export const calledBy = ({ subject, names }: DataSubject): PersonNames => names ?? namesOf([subject])

const projectOf = ({ project = 'project_id' }: TextPlace): string => project

const same = (place: TextPlace, key: readonly unknown[]) =>
  sql<boolean>`(${sql.join(place.key.map((name) => sql.ref(name)))}) = (${sql.join(key.map((one) => sql`${one}`))})`

const rowsOf = (db: Kysely<any>, project: string, place: TextPlace, key: readonly unknown[]) =>
  db
    .selectFrom(place.table)
    .select([...new Set([...place.key, ...place.columns, ...(place.removeBy ?? [])])])
    .where(projectOf(place), '=', project)
    .where(same(place, key))

const removal = (trx: Trx, project: string, place: TextPlace, key: readonly unknown[]) =>
  (trx as unknown as Kysely<any>).deleteFrom(place.table).where(projectOf(place), '=', project).where(same(place, key))

/** Reads the row again, as it is now, and takes the names out of it. */
async function redactRow(
  trx: Trx,
  dialect: Dialect,
  project: string,
  place: TextPlace,
  names: PersonNames,
  key: readonly unknown[],
): Promise<number> {
  const db = trx as unknown as Kysely<any>
  const rows = rowsOf(db, project, place, key)
  const [row] = (await (dialect === 'postgres' ? rows.forUpdate() : rows).execute()) as Record<string, unknown>[]
  if (!row) return 0
  const set: Record<string, string | null> = {}
  for (const column of place.columns) {
    const text = row[column]
    const redacted = typeof text === 'string' ? redactNames(names, text) : undefined
    if (redacted !== undefined) set[column] = redacted
  }
  if (Object.keys(set).length === 0) return 0
  await db
    .updateTable(place.table)
    .set({ ...set, ...place.derive?.({ ...row, ...set }) })
    .where(projectOf(place), '=', project)
    .where(same(place, key))
    .execute()
  return 1
}
