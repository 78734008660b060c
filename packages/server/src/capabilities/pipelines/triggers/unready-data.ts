import type { DataRequirement } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'

interface ProfileLike {
  readonly rows?: number
  readonly columns?: readonly { readonly name: string; readonly nulls?: number }[]
}

/** The newest versions of the datasets that a pipeline requires, and why they are not ready, if they are not: one sentence. */
export async function unreadyData(
  db: Reader,
  project: string,
  requires: readonly DataRequirement[],
  at: number,
  used: Readonly<Record<string, number>> = {},
): Promise<{ reason: string | undefined; versions: Record<string, number> }> {
  const versions: Record<string, number> = {}
  for (const requirement of requires) {
    const { dataset } = requirement
    const row = await db
      .selectFrom('dataset_version')
      .innerJoin('dataset', (join) =>
        join
          .onRef('dataset.project_id', '=', 'dataset_version.project_id')
          .onRef('dataset.name', '=', 'dataset_version.dataset')
          .onRef('dataset.latest_version', '=', 'dataset_version.version'),
      )
      .select([
        'dataset_version.version',
        'dataset_version.state',
        'dataset_version.check_results',
        'dataset_version.profile',
        'dataset_version.max_time',
        'dataset_version.created_at',
        'dataset.rejected_at',
        'dataset.rejected_reason',
      ])
      .where('dataset_version.project_id', '=', project)
      .where('dataset_version.dataset', '=', dataset)
      .executeTakeFirst()
    if (row) versions[dataset] = row.version
    const reason = row ? reasonAgainst(requirement, row, at, used[dataset]) : `Dataset ${dataset} has no version yet.`
    if (reason !== undefined) return { reason, versions }
  }
  return { reason: undefined, versions }
}

function reasonAgainst(
  { dataset, label, labelled = 1, freshMs }: DataRequirement,
  row: {
    version: number
    state: string
    check_results: string
    profile: string
    max_time: number | null
    created_at: number
    rejected_at: number | null
    rejected_reason: string | null
  },
  at: number,
  used: number | undefined,
): string | undefined {
  const name = `${dataset} v${row.version}`
  if (row.rejected_at !== null && row.rejected_at >= row.created_at)
    return `The newest data of ${dataset} did not pass validation: ${row.rejected_reason ?? 'they were refused.'}`
  const results = JSON.parse(row.check_results) as readonly { passed: boolean; message: string }[]
  if (results.length === 0) return `${name} was not validated: ${dataset} declares no check.`
  const failed = results.find((result) => !result.passed)
  if (failed || row.state !== 'valid') return `${name} did not pass validation: ${failed?.message ?? 'a check warned.'}`
  if (used !== undefined && used >= row.version)
    return `${dataset} has nothing newer than v${used}, which the run before this was started on.`
  if (label !== undefined) {
    const { rows = 0, columns = [] } = JSON.parse(row.profile) as ProfileLike
    const column = columns.find((one) => one.name === label)
    if (!column) return `${name} has no column "${label}" to hold the label.`
    const share = rows === 0 ? 0 : 1 - (column.nulls ?? 0) / rows
    if (share < labelled)
      return `${percent(share)} of the new rows of ${name} are labelled; ${percent(labelled)} are required.`
  }
  if (freshMs !== undefined) {
    if (row.max_time === null) return `${name} has no event time, so its freshness is unknown.`
    const age = at - row.max_time
    if (age > freshMs) return `The newest row of ${name} is ${days(age)} old; ${days(freshMs)} are allowed.`
  }
  return undefined
}

const percent = (share: number): string => `${Math.floor(share * 1000) / 10} %`
const days = (ms: number): string =>
  ms >= 172_800_000 ? `${Math.round(ms / 8_640_000) / 10} days` : `${Math.round(ms / 360_000) / 10} hours`
