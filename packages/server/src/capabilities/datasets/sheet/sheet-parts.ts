import { type SheetPart, type SheetPartName, sheetPartNames } from '@trivium/contract'
import { isUniqueViolation } from '../../../kernel/db/index.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { datasetErrors } from '../errors.ts'
import type { SheetPartTable } from './tables.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events'>

/** Every part as it was last written, in the order of a sheet. */
export async function readSheetParts({ db }: Pick<Deps, 'db'>, project: string, dataset: string): Promise<SheetPart[]> {
  const rows = await db.read
    .selectFrom('dataset_sheet_part as one')
    .selectAll()
    .where('project_id', '=', project)
    .where('dataset', '=', dataset)
    .where((e) =>
      e(
        'revision',
        '=',
        e
          .selectFrom('dataset_sheet_part as other')
          .select((o) => o.fn.max('other.revision').as('revision'))
          .where('other.project_id', '=', project)
          .where('other.dataset', '=', dataset)
          .whereRef('other.part', '=', 'one.part'),
      ),
    )
    .execute()
  const found = new Map(rows.map((row) => [row.part, row]))
  return sheetPartNames.map((part) => partOf(part, found.get(part)))
}

/** Writes a part after the revision that was read; event `dataset.sheet-written`. */
export async function writeSheetPart(
  { db, clock, events }: Deps,
  scope: Scope,
  { dataset, part, text, after }: { dataset: string; part: SheetPartName; text: string; after: number },
): Promise<SheetPart> {
  const { project, principal } = scope
  const write = async (): Promise<SheetPartTable> =>
    db.write.transaction().execute(async (trx) => {
      const found = await trx
        .selectFrom('dataset')
        .select('latest_version')
        .where('project_id', '=', project)
        .where('name', '=', dataset)
        .executeTakeFirst()
      if (!found) throw datasetErrors.NOT_FOUND(dataset)
      const newest = await trx
        .selectFrom('dataset_sheet_part')
        .select(['revision', 'written_by_name'])
        .where('project_id', '=', project)
        .where('dataset', '=', dataset)
        .where('part', '=', part)
        .orderBy('revision', 'desc')
        .limit(1)
        .executeTakeFirst()
      if ((newest?.revision ?? 0) !== after)
        throw datasetErrors.SHEET_CHANGED(part, newest?.written_by_name ?? 'nobody')
      const row: SheetPartTable = {
        project_id: project,
        dataset,
        part,
        revision: after + 1,
        text: text.trim(),
        version: found.latest_version === 0 ? null : found.latest_version,
        written_at: clock(),
        written_by: principal.id,
        written_by_name: principal.name,
      }
      await trx.insertInto('dataset_sheet_part').values(row).execute()
      await events.append(trx, {
        project,
        name: 'dataset.sheet-written',
        schema: 1,
        by: principal.id,
        subject: urn(project, 'dataset', dataset),
        refs: [],
        data: { part, revision: row.revision },
      })
      return row
    })
  try {
    return partOf(part, await write())
  } catch (error) {
    if (isUniqueViolation(error)) throw datasetErrors.SHEET_CHANGED(part, 'somebody else')
    throw error
  }
}

function partOf(part: SheetPartName, row: SheetPartTable | undefined): SheetPart {
  return {
    part,
    text: row?.text ?? '',
    revision: row?.revision ?? 0,
    version: row?.version ?? null,
    at: row?.written_at ?? null,
    byName: row?.written_by_name ?? null,
  }
}
