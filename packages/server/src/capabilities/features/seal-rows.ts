import type { FeatureViewDefinition } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type OnlinePerson, type OnlineRow, type Relation, sealedValues } from '../../kernel/ports/index.ts'
import { replaceColumns, type Sealer } from '../../kernel/subjects/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { sealingOf } from '../access/index.ts'
import { keySeparator, sqlTypes } from './online.ts'

/** What of the rows of a view is sealed when they are pushed, and which key or column of the row says whose it is. */
export interface ViewSealing {
  readonly keys: ReadonlyMap<string, string>
  readonly columns: ReadonlyMap<string, string>
}

/** What the values of one row are bound to; they are sealed together. */
const rowPlace = 'feature-row/json'

/** Undefined where nothing of a view's rows is sealed. */
export async function sealingOfView(
  db: Reader,
  project: string,
  view: string,
  definition: FeatureViewDefinition,
): Promise<ViewSealing | undefined> {
  const columns = Object.keys(definition.columns)
  const sealing = await sealingOf(db, project, [...definition.keys, ...columns], `feature-view:${view}`)
  if (sealing.size === 0) return undefined
  const pick = (names: readonly string[]) =>
    new Map(names.flatMap((name) => (sealing.has(name) ? [[name, sealing.get(name) as string] as const] : [])))
  // A key is looked up by what a request says, so that whose it is has to be in the key too.
  const keys = pick(definition.keys.filter((key) => definition.keys.includes(sealing.get(key) ?? '')))
  return { keys, columns: pick(columns) }
}

interface PlainRow {
  readonly parts: readonly string[]
  readonly values: OnlineRow['values']
}

/** Whose the values of a row are, by the key or column that says it. */
const whoseIn =
  (keys: readonly string[]) =>
  ({ parts, values }: PlainRow, subject: string): string => {
    const at = keys.indexOf(subject)
    return at >= 0 ? (parts[at] ?? '') : String(values[subject] ?? '')
  }

const subjectsOf = (sealing: ViewSealing): string[] => [
  ...new Set([...sealing.keys.values(), ...sealing.columns.values()]),
]

function sealOne(
  sealing: ViewSealing,
  keys: readonly string[],
  row: PlainRow,
  seal: Sealer,
): { key: string; values: OnlineRow['values'] } {
  const whose = whoseIn(keys)
  const parts = row.parts.map((part, index) => {
    const name = keys[index] ?? ''
    const subject = sealing.keys.get(name)
    if (subject === undefined) return part
    return subject === name ? seal.mark(part) : seal(whose(row, subject), name, part)
  })
  const bySubject = Map.groupBy(
    Object.entries(row.values).filter(([name, value]) => sealing.columns.has(name) && value !== null),
    ([name]) => sealing.columns.get(name) as string,
  )
  const texts = [...bySubject].map(([subject, values]) =>
    seal(whose(row, subject), rowPlace, JSON.stringify(Object.fromEntries(values))),
  )
  const plain = Object.entries(row.values).filter(([name]) => !sealing.columns.has(name))
  return {
    key: parts.join(keySeparator),
    values: { ...Object.fromEntries(plain), [sealedValues]: texts.join(' ') },
  }
}

/** Seals pushed rows, and says whose keys the online store needs to open them. */
export async function sealRows(
  { subjects }: Pick<Kernel, 'subjects'>,
  project: string,
  keys: readonly string[],
  sealing: ViewSealing,
  rows: readonly { row: OnlineRow; parts: readonly string[] }[],
): Promise<{ rows: OnlineRow[]; people: readonly OnlinePerson[] }> {
  const whose = whoseIn(keys)
  const names = subjectsOf(sealing)
  const seal = await subjects.sealer(
    project,
    rows.flatMap(({ row, parts }) => names.map((name) => whose({ parts, values: row.values }, name))),
  )
  return {
    rows: rows.map(({ row, parts }) => ({ ...row, ...sealOne(sealing, keys, { parts, values: row.values }, seal) })),
    people: seal.keys,
  }
}

/** Writes the rows of a file, made by `fileSql`, sealed as pushed ones are. */
export async function sealFile(
  deps: Pick<Kernel, 'tables' | 'subjects' | 'paths'>,
  input: {
    project: string
    definition: FeatureViewDefinition
    sealing: ViewSealing
    relation: Relation
    path: string
  },
): Promise<void> {
  const { project, definition, sealing } = input
  const sealed = [...sealing.columns.keys()]
  const names = subjectsOf(sealing)
  const taken = [...new Set([...sealed, ...names.filter((name) => name in definition.columns)])]
  const json = `json_object(${taken.map((name) => `'${name}', ${sqlName(name)}`).join(', ')})::varchar`
  await replaceColumns(deps, {
    relation: input.relation,
    path: input.path,
    read: ['entity_key as k', `${taken.length === 0 ? `'{}'` : json} as v`],
    columns: ['k', 'v'],
    match: [],
    replace: [
      's.k as entity_key',
      ...sealed.map((name) => {
        const type = definition.columns[name]
        return `null::${type === undefined ? 'varchar' : sqlTypes[type]} as ${sqlName(name)}`
      }),
    ],
    add: [`s.v as ${sqlName(sealedValues)}`],
    change: async (lines) => {
      const rows = lines.map((line) => ({
        parts: String(line['k']).split(keySeparator),
        values: JSON.parse(String(line['v'])) as OnlineRow['values'],
      }))
      const whose = whoseIn(definition.keys)
      const seal = await deps.subjects.sealer(
        project,
        rows.flatMap((row) => names.map((name) => whose(row, name))),
      )
      for (const [index, line] of lines.entries()) {
        const { key, values } = sealOne(sealing, definition.keys, rows[index] as PlainRow, seal)
        line['k'] = key
        line['v'] = String(values[sealedValues])
      }
    },
  })
}
