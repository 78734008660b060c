import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FeatureViewDefinition } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { keyFormOf, type Relation, sealedValues } from '../../kernel/ports/index.ts'
import { isSealed, keyMark, replaceColumns, type Sealer } from '../../kernel/subjects/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { redacted } from '../access/index.ts'
import { type CompiledView, keySeparator, sealedKey, sqlTypes } from './online.ts'
import type { ViewSealing } from './seal-rows.ts'

/** Rows of a view with their sealed values opened in a file of its own, which `release` removes. */
export interface OpenedFeatures {
  readonly relation: Relation
  release(): Promise<void>
}

/** Rows of which nothing is opened. */
export const asItIs = (relation: Relation): OpenedFeatures => ({ relation, release: async () => {} })

type Deps = Pick<Kernel, 'tables' | 'subjects' | 'paths'>

/** Opens the sealed values of rows; of erased people there stands `redacted`, or nothing where a column is no text. */
export async function openFeatureRows(
  deps: Deps,
  {
    project,
    relation,
    definition,
    sealing,
  }: { project: string; relation: Relation; definition: FeatureViewDefinition; sealing: ViewSealing | undefined },
): Promise<OpenedFeatures> {
  if (relation.files.length === 0) return asItIs(relation)
  const path = join(deps.paths.tmp, `opened-${randomUUID()}.parquet`)
  const remove = (): Promise<void> => rm(path, { force: true })
  const gone = Object.fromEntries(
    [...(sealing?.columns.keys() ?? [])]
      .filter((name) => definition.columns[name] === 'string')
      .map((name) => [name, redacted]),
  )
  try {
    await replaceColumns(deps, {
      relation,
      path,
      read: [`${sqlName(sealedValues)} as v`],
      columns: ['v'],
      match: [],
      replace: Object.entries(definition.columns).map(
        ([name, type]) =>
          `coalesce(d.${sqlName(name)}, try_cast(json_extract_string(s.v, '$.${name}') as ${sqlTypes[type]})) as ${sqlName(name)}`,
      ),
      change: async (lines) => {
        const texts = lines.map((line) =>
          String(line['v'] ?? '')
            .split(' ')
            .filter(isSealed),
        )
        const open = await deps.subjects.opener(project, texts.flat())
        for (const [index, line] of lines.entries()) {
          const found = texts[index] ?? []
          const values = found.map((text) => open(text))
          line['v'] =
            found.length === 0
              ? null
              : JSON.stringify(
                  Object.assign(
                    {},
                    values.includes(undefined) ? gone : {},
                    ...values.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as object])),
                  ),
                )
        }
      },
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { relation: { ...relation, files: [path] }, release: remove }
}

/** Rows of entities with columns that hold the same key in the forms in which a view seals it. */
export interface WithSealedKeys {
  readonly relation: Relation
  readonly columns: readonly string[]
}

const formSql = `array_to_string(list_transform(string_split(entity_key, chr(31)), x -> case when not starts_with(x, chr(1) || 'sbj_') then 'p' when ends_with(x, ':') and length(x) - length(replace(x, ':', '')) = 1 then 's' else 'v' end), ',')`

/** Looks for each row of entities under which sealed keys a view may keep the rows of whom it names. No key of a person is made. */
export async function sealedKeysOf(
  deps: Deps,
  project: string,
  view: CompiledView,
  rows: Relation,
  { relation, keys, path }: { relation: Relation; keys: readonly string[]; path: string },
): Promise<WithSealedKeys> {
  if (rows.files.length === 0 || !rows.columns?.some(({ name }) => name === sealedValues))
    return { relation, columns: [] }
  const found = await deps.tables.query({
    sql: `select distinct entity_key from (select any_value(entity_key) as entity_key from rows where contains(entity_key, chr(1)) group by ${formSql})`,
    relations: { rows },
    trusted: true,
  })
  if (found.rows.length === 0) return { relation, columns: [] }
  const forms = [...new Set(found.rows.map(([key]) => keyFormOf(String(key))))]
  await replaceColumns(deps, {
    relation,
    path,
    read: keys.map((key, index) => `${sqlName(key)}::varchar as k${index}`),
    columns: [...keys.map((_, index) => `k${index}`), ...forms.map((_, index) => `f${index}`)],
    match: [],
    replace: [],
    add: forms.map((_, index) => `s.f${index} as "~key${index}"`),
    change: async (lines) => {
      const known = await deps.subjects.known(
        project,
        lines.flatMap((line) => keys.map((_, index) => String(line[`k${index}`] ?? ''))),
      )
      const seal: Sealer | undefined = forms.some((form) => form.includes('v'))
        ? await deps.subjects.sealer(project, known.keys())
        : undefined
      for (const line of lines) {
        const parts = keys.map((_, index) => String(line[`k${index}`] ?? ''))
        for (const [index, form] of forms.entries())
          line[`f${index}`] =
            sealedKey(view.keys, parts, form, {
              mark: (subject) => {
                const row = known.get(subject)
                return row && keyMark(row.id)
              },
              seal: (subject, place, value) => (known.has(subject) ? seal?.(subject, place, value) : undefined),
            }) ?? null
      }
    },
  })
  return { relation: { format: 'parquet', files: [path] }, columns: forms.map((_, index) => `~key${index}`) }
}

/** The parts of a key as a record of the view's keys. */
export const partsOf = (view: Pick<CompiledView, 'keys'>, key: string): Record<string, string> => {
  const parts = key.split(keySeparator)
  return Object.fromEntries(view.keys.map((name, index) => [name, parts[index] ?? '']))
}
