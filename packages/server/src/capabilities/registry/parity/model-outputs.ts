import { copyFile, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelSignatureInfo } from '@trivium/contract'
import { yaml } from '../../../kernel/libraries/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { rowWidth } from '../../../kernel/models/index.ts'
import type { Relation } from '../../../kernel/ports/index.ts'
import { sqlName } from '../../../kernel/tables/column-sql.ts'
import type { Pipelines } from '../../pipelines/index.ts'
import type { VersionFiles } from '../describe-files.ts'
import { registryErrors } from '../errors.ts'
import type { ModelVersionTable } from '../tables.ts'
import { lockedRequirements } from './locked-requirements.ts'

export type OutputDeps = Pick<Kernel, 'blobs' | 'tables' | 'scorer'> & {
  readonly pipelines: Pick<Pipelines, 'runApart'>
}

/** How a version takes its inputs. */
export interface ModelInputs {
  readonly ran: 'onnx' | 'python'
  readonly columns: readonly string[]
  /** Of a single wide input: its columns in order. */
  readonly order?: readonly string[]
  readonly path?: string
}

const named = (row: ModelVersionTable): string[] =>
  ((row.signature === null ? undefined : (JSON.parse(row.signature) as ModelSignatureInfo))?.inputs ?? []).flatMap(
    ({ name }) => (name === null ? [] : [name]),
  )

/** Which columns a version needs: by its ONNX file, else by the signature that it was logged with. */
export async function inputsOf(
  { blobs, scorer }: OutputDeps,
  row: ModelVersionTable,
  features: readonly string[] | undefined,
): Promise<ModelInputs> {
  const called = `${row.model} v${row.version}`
  if (row.onnx === null) {
    const columns = features ?? named(row)
    if (columns.length === 0)
      throw registryErrors.BAD_PARITY(`${called} was logged without a signature. Name its columns with "features".`)
    return { ran: 'python', columns }
  }
  const file = (JSON.parse(row.files) as VersionFiles)[row.onnx]
  const path = await blobs.localPath(row.project_id, file?.digest ?? '')
  const { inputs } = await scorer.inspect(path)
  const [only, another] = inputs
  if (only && !another && rowWidth(only) !== 1) {
    const order = features ?? named(row)
    if (order.length === 0)
      throw registryErrors.BAD_PARITY(
        `"${only.name}" of ${called} takes several columns. Name them in order with "features".`,
      )
    return { ran: 'onnx', columns: order, order, path }
  }
  return { ran: 'onnx', columns: inputs.map(({ name }) => name), path }
}

/** Runs a version over the rows, one output each in their order. */
export async function outputsOf(
  deps: OutputDeps,
  row: ModelVersionTable,
  inputs: ModelInputs,
  {
    rowsPath,
    rows,
    directory,
    name,
    method,
  }: { rowsPath: string; rows: number; directory: string; name: string; method: string },
): Promise<{ relation: Relation; columns: string[] }> {
  const called = `${row.model} v${row.version}`
  if (inputs.path !== undefined) {
    const path = join(directory, `${name}.parquet`)
    const scored = await deps.scorer.score({
      modelPath: inputs.path,
      rowsPath,
      outputPath: path,
      ...(inputs.order ? { featureNames: inputs.order } : {}),
    })
    if (scored.rows !== rows) throw registryErrors.BAD_PARITY(`${called} gave ${scored.rows} rows for ${rows}.`)
    return { relation: { format: 'parquet', files: [path] }, columns: scored.columns }
  }
  return runPython(deps, row, inputs, { rowsPath, directory, name, method })
}

/** Minutes that a Python original may take. */
const pythonMs = 10 * 60_000

async function runPython(
  { blobs, tables, pipelines }: OutputDeps,
  row: ModelVersionTable,
  { columns }: ModelInputs,
  { rowsPath, directory, name, method }: { rowsPath: string; directory: string; name: string; method: string },
): Promise<{ relation: Relation; columns: string[] }> {
  const files = JSON.parse(row.files) as VersionFiles
  const requirements = files['requirements.txt']
  const lock =
    requirements && lockedRequirements((await blobs.read(row.project_id, requirements.digest)).toString('utf8'))
  const flavor = await pythonFlavor(blobs, row.project_id, files)
  const path = join(directory, `${name}.ndjson`)
  const given = await pipelines.runApart(row.project_id, {
    called: `${row.model} v${row.version}`,
    target: 'trivium_runner.score_model:score',
    files: { model: files },
    ...(lock === undefined ? {} : { lock: Buffer.from(lock) }),
    pipelineRun: row.pipeline_run,
    timeoutMs: pythonMs,
    prepare: async ({ in: inputs, out }) => {
      const rows = join(inputs, 'rows.ndjson')
      const written = join(directory, 'rows.ndjson')
      await tables.write({
        sql: `select ${columns.map(sqlName).join(', ')} from "rows"`,
        relations: { rows: { format: 'parquet', files: [rowsPath] } },
        trusted: true,
        output: { path: written, format: 'ndjson' },
      })
      await copyFile(written, rows)
      return { model: join(inputs, 'model'), rows, out: join(out, 'outputs.ndjson'), columns, method, flavor }
    },
    collect: async (out, returned) => {
      const made = join(out, 'outputs.ndjson')
      // Code of people wrote it: a link would lead to what is not its own.
      if (!(await lstat(made)).isFile())
        throw registryErrors.BAD_PARITY(`${row.model} v${row.version} left no file of outputs.`)
      await copyFile(made, path)
      return (returned as { columns: string[] }).columns
    },
  })
  return { relation: { format: 'ndjson', files: [path] }, columns: given }
}

/** What the MLmodel file says of loading it in Python. */
async function pythonFlavor(
  blobs: Kernel['blobs'],
  project: string,
  files: VersionFiles,
): Promise<Readonly<Record<string, unknown>>> {
  const file = files['MLmodel']
  if (!file) return {}
  const { flavors } = yaml().parse((await blobs.read(project, file.digest)).toString('utf8'), { maxAliasCount: 0 }) as {
    flavors?: { python_function?: Record<string, unknown> }
  }
  return flavors?.python_function ?? {}
}
