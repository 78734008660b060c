import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BodyOf, Evidence, ParityData, ParityTolerance, testModelParity } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import { accessErrors, permits, type Scope } from '../../../kernel/principal/index.ts'
import type { Relation } from '../../../kernel/ports/index.ts'
import { sqlName } from '../../../kernel/tables/column-sql.ts'
import type { Datasets } from '../../datasets/index.ts'
import { requireByReference } from '../deployable.ts'
import { registryErrors } from '../errors.ts'
import { attachEvidence, makeEvidence } from '../evidence.ts'
import type { RegistryDeps } from '../models.ts'
import { requireVersion, versionUrn } from '../read-models.ts'
import type { ModelVersionTable } from '../tables.ts'
import { compareOutputs, type OutputPair } from './compare-outputs.ts'
import { inputsOf, type ModelInputs, type OutputDeps, outputsOf } from './model-outputs.ts'
import { openRecorded, type ParityOutcomes, writeRows } from './recorded-rows.ts'

export type ParityRequest = BodyOf<typeof testModelParity>

export type ParityDeps = RegistryDeps &
  Pick<Kernel, 'paths'> &
  OutputDeps & {
    readonly datasets: Pick<Datasets, 'version' | 'get' | 'opened'>
    readonly outcomes: ParityOutcomes
  }

const usual: ParityTolerance = { absolute: 1e-5, relative: 1e-4, share: 0 }

/** Compares a version with its original on recorded inputs and attaches what was found; the version keeps it as its last word on parity. */
export async function testParity(
  deps: ParityDeps,
  scope: Scope,
  model: string,
  version: number,
  request: ParityRequest,
): Promise<Evidence> {
  if ((request.original === undefined) === (request.recorded === undefined))
    throw registryErrors.BAD_PARITY('Say what it is compared with: either "original" or "recorded".')
  const { project } = scope
  const row = await requireVersion(deps.db.read, project, model, version)
  const original =
    request.original === undefined ? undefined : await requireByReference(deps.db.read, project, request.original)
  const [own, theirs] = [
    await inputsOf(deps, row, request.features),
    original && (await inputsOf(deps, original, request.features)),
  ]
  if ([own.ran, theirs?.ran].includes('python') && !permits(scope, 'code:execute'))
    throw accessErrors.FORBIDDEN('code:execute', project)
  const directory = join(deps.paths.tmp, `parity-${randomUUID()}`)
  await mkdir(directory, { recursive: true })
  try {
    const data = await compare(deps, scope, { row, own, original, theirs, request, directory })
    return await keep(deps, scope, row, data)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function compare(
  deps: ParityDeps,
  scope: Scope,
  {
    row,
    own,
    original,
    theirs,
    request,
    directory,
  }: {
    row: ModelVersionTable
    own: ModelInputs
    original: ModelVersionTable | undefined
    theirs: ModelInputs | undefined
    request: ParityRequest
    directory: string
  },
): Promise<ParityData> {
  const tolerance = { ...usual, ...request.tolerance }
  const rowsPath = join(directory, 'rows.parquet')
  const held = Object.values(request.recorded ?? {})
  const recorded = await openRecorded(deps, scope, request)
  let counted: { rows: number; of: number }
  try {
    const columns = [...new Set([...own.columns, ...(theirs?.columns ?? []), ...held])]
    counted = await writeRows(deps, recorded, { columns, most: request.rows ?? 10_000, path: rowsPath })
  } finally {
    await recorded.release()
  }
  const rows: Relation = { format: 'parquet', files: [rowsPath] }
  const place = { rowsPath, rows: counted.rows, directory, method: request.method ?? 'predict' }
  const converted = await outputsOf(deps, row, own, { ...place, name: 'converted' })
  const other =
    original && theirs
      ? await outputsOf(deps, original, theirs, { ...place, name: 'original' })
      : await recordedOutputs(deps, rows, held, directory)
  const pairs = request.recorded
    ? Object.entries(request.recorded).map(([now, was]) => ({ converted: now, original: was }))
    : pairsOf(converted.columns, other.columns, request.outputs)
  const stranger = pairs.find(
    (pair) => !converted.columns.includes(pair.converted) || !other.columns.includes(pair.original),
  )
  if (stranger || pairs.length === 0)
    throw registryErrors.BAD_PARITY(
      `The outputs of the converted model are ${list(converted.columns)}, those of the original ${list(other.columns)}. Say with "outputs" which are the same.`,
    )
  const found = await compareOutputs(
    deps,
    { rows, converted: converted.relation, original: other.relation },
    pairs,
    tolerance,
  )
  return {
    converted: versionUrn(scope.project, row.model, row.version),
    original: original ? versionUrn(scope.project, original.model, original.version) : null,
    ran: theirs?.ran ?? 'recorded',
    source: recorded.source,
    ...counted,
    tolerance,
    ...found,
  }
}

const list = (names: readonly string[]): string => names.filter((name) => name !== 'row').join(', ')

/** What the data say that the original gave, by itself, so that its columns have no names in common with the inputs. */
async function recordedOutputs(
  { tables }: Pick<Kernel, 'tables'>,
  rows: Relation,
  columns: readonly string[],
  directory: string,
): Promise<{ relation: Relation; columns: string[] }> {
  const path = join(directory, 'recorded.parquet')
  const own = [...new Set(columns)]
  await tables.write({
    sql: `select ${own.map(sqlName).join(', ')} from "rows"`,
    relations: { rows },
    trusted: true,
    output: { path, format: 'parquet' },
  })
  return { relation: { format: 'parquet', files: [path] }, columns: own }
}

/** Outputs that belong together: as they were named, else those of the same name, else the only one of each. */
function pairsOf(
  converted: readonly string[],
  original: readonly string[],
  named: Readonly<Record<string, string>> | undefined,
): OutputPair[] {
  if (named) return Object.entries(named).map(([now, was]) => ({ converted: now, original: was }))
  const [ours, theirs] = [converted, original].map((all) => all.filter((name) => name !== 'row'))
  const same = (ours ?? []).filter((name) => theirs?.includes(name))
  if (same.length > 0) return same.map((name) => ({ converted: name, original: name }))
  const [only, another] = ours ?? []
  const [single, second] = theirs ?? []
  return only !== undefined && another === undefined && single !== undefined && second === undefined
    ? [{ converted: only, original: single }]
    : []
}

async function keep(
  deps: ParityDeps,
  scope: Scope,
  { model, version }: ModelVersionTable,
  data: ParityData,
): Promise<Evidence> {
  const passed = data.share <= data.tolerance.share
  const evidence = makeEvidence({
    kind: 'parity',
    verdict: passed ? 'passed' : 'failed',
    summary: sentence(data, passed),
    at: deps.clock(),
    by: scope.principal.id,
    subjects: [data.source.urn, ...(data.original === null ? [] : [data.original])],
    data: data as unknown as Evidence['data'],
  })
  await deps.db.write.transaction().execute(async (trx) => {
    await attachEvidence(deps, trx, scope, model, version, evidence)
    await trx
      .updateTable('model_version')
      .set({ parity: passed ? 'passed' : 'failed', parity_reason: evidence.summary })
      .where('project_id', '=', scope.project)
      .where('model', '=', model)
      .where('version', '=', version)
      .execute()
  })
  return evidence
}

function sentence({ beyond, rows, low, high, original, columns, tolerance }: ParityData, passed: boolean): string {
  const who = original === null ? 'its recorded original' : (original.split('/').at(-1) ?? '').replace('@', ' v')
  const far = Math.max(...columns.map((one) => one.largestAbsolute ?? 0))
  const share = `${percent(low)} to ${percent(high)} at 95 %`
  const most = `${columns.length} ${columns.length === 1 ? 'output' : 'outputs'}, largest difference ${Number(far.toPrecision(2))}`
  const bound = `tolerance ${tolerance.absolute} + ${tolerance.relative} of the value`
  return passed
    ? `It gives what ${decodeURIComponent(who)} gives: ${beyond} of ${rows.toLocaleString('en-GB')} rows are beyond the ${bound} (${share}; ${most}).`
    : `It differs from ${decodeURIComponent(who)} in ${beyond.toLocaleString('en-GB')} of ${rows.toLocaleString('en-GB')} rows (${share}) by more than the ${bound} (${most}).`
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`
