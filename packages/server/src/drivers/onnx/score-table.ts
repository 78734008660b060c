import { rm } from 'node:fs/promises'
import {
  BIGINT,
  BOOLEAN,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  DOUBLE,
  FLOAT,
  INTEGER,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api'
import { columnNames, rowWidth } from '../../kernel/models/index.ts'
import { modelErrors } from '../../kernel/ports/model-errors.ts'
import type { LoadedModel, ModelSignature, Tensor, TensorSpec } from '../../kernel/ports/model-runtime.ts'
import { allocate, type Datatype } from './datatypes.ts'
import { createOnnxRuntime } from './onnx-runtime.ts'
import type { ScorerCall } from './scorer-messages.ts'

const sqlTypes: Record<Datatype, { type: DuckDBType; name: string }> = {
  FP32: { type: FLOAT, name: 'FLOAT' },
  FP64: { type: DOUBLE, name: 'DOUBLE' },
  INT64: { type: BIGINT, name: 'BIGINT' },
  INT32: { type: INTEGER, name: 'INTEGER' },
  UINT8: { type: UTINYINT, name: 'UTINYINT' },
  BOOL: { type: BOOLEAN, name: 'BOOLEAN' },
  BYTES: { type: VARCHAR, name: 'VARCHAR' },
}
const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The columns that feed one input, in order. */
interface Feed {
  spec: TensorSpec
  columns: string[]
}

/** Runs a model over the rows of a Parquet file and writes its outputs, one row each, in the same order. */
export async function scoreTable({
  modelPath,
  rowsPath,
  outputPath,
  featureNames,
}: ScorerCall & { kind: 'score' }): Promise<{ rows: number; columns: string[] }> {
  const model = await createOnnxRuntime().load(modelPath)
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  // A statement on the reading connection would end its stream.
  const writing = await instance.connect()
  try {
    for (const setting of [
      `allowed_paths = [${quoteText(rowsPath)}, ${quoteText(outputPath)}]`,
      'autoinstall_known_extensions = false',
      'autoload_known_extensions = false',
      `TimeZone = 'UTC'`,
      'enable_external_access = false',
      'lock_configuration = true',
    ])
      await connection.run(`SET GLOBAL ${setting}`)
    const feeds = feedsOf(model.signature, await columnsOf(connection, rowsPath), featureNames)
    const result = await scoreChunks({ connection, writing }, model, feeds, rowsPath)
    await rm(outputPath, { force: true })
    await connection.run(
      `COPY (SELECT * FROM scores ORDER BY "row") TO ${quoteText(outputPath)} (FORMAT parquet, USE_TMP_FILE false)`,
    )
    return result
  } finally {
    connection.disconnectSync()
    writing.disconnectSync()
    instance.closeSync()
    await model.close()
  }
}

async function columnsOf(connection: DuckDBConnection, path: string): Promise<string[]> {
  const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`)
  return reader.getRows().map((row) => String(row[0]))
}

function feedsOf(signature: ModelSignature, found: string[], featureNames: readonly string[] | undefined): Feed[] {
  const only = signature.inputs.length === 1 ? signature.inputs[0] : undefined
  const feeds = signature.inputs.map((spec): Feed => {
    const width = rowWidth(spec)
    if (width === 1 && !(only && featureNames?.length === 1)) return { spec, columns: [spec.name] }
    if (only && featureNames?.length) {
      if (width !== undefined && width !== featureNames.length)
        throw modelErrors.COLUMNS_MISSING(
          `"${spec.name}", which takes ${width} values a row; ${featureNames.length} feature names are given`,
          featureNames.join(', '),
        )
      return { spec, columns: [...featureNames] }
    }
    if (width === undefined)
      throw modelErrors.COLUMNS_MISSING(`"${spec.name}", whose width is free; name its columns`, found.join(', '))
    const named = columnNames(spec.name, width)
    return { spec, columns: only && !found.includes(named[0] ?? '') && found.length === width ? found : named }
  })
  for (const column of feeds.flatMap((feed) => feed.columns))
    if (!found.includes(column)) throw modelErrors.COLUMNS_MISSING(`"${column}"`, found.join(', '))
  return feeds
}

async function scoreChunks(
  { connection, writing }: { connection: DuckDBConnection; writing: DuckDBConnection },
  model: LoadedModel,
  feeds: Feed[],
  rowsPath: string,
): Promise<{ rows: number; columns: string[] }> {
  const select = feeds
    .flatMap(({ spec, columns }) =>
      columns.map((column) => `CAST(${quoteName(column)} AS ${sqlTypes[spec.datatype as Datatype].name})`),
    )
    .join(', ')
  const stream = await connection.stream(`SELECT ${select} FROM read_parquet(${quoteText(rowsPath)})`).catch(unusable)
  const oneByOne = feeds.some(({ spec }) => spec.shape[0] === 1)
  let sink: { append(rows: Tensor[], count: number): void; finish(): void; columns: string[] } | undefined
  let rows = 0
  for (;;) {
    const chunk = await stream.fetchChunk().catch(unusable)
    if (!chunk || chunk.rowCount === 0) break
    const size = oneByOne ? 1 : chunk.rowCount
    const values = Array.from({ length: chunk.columnCount }, (_, index) => chunk.getColumnValues(index))
    for (let start = 0; start < chunk.rowCount; start += size) {
      const outputs = [...(await model.run(tensorsOf(feeds, values, start, size, rows))).values()]
      sink ??= await openSink(writing, outputs, size)
      sink.append(outputs, size)
      rows += size
    }
  }
  sink ??= await openSink(
    writing,
    model.signature.outputs.map((spec) => ({ ...spec, data: [] })),
    0,
  )
  sink.finish()
  return { rows, columns: sink.columns }
}

function unusable(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error)
  const column = /when casting from source column "?(\w+)"?/.exec(text)?.[1] ?? 'of the rows'
  throw modelErrors.COLUMN_UNUSABLE(column, (text.split('\n')[0] ?? '').replace(/^\w[\w ]* Error: /, ''))
}

function tensorsOf(
  feeds: Feed[],
  values: DuckDBValue[][],
  start: number,
  size: number,
  before: number,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>()
  let first = 0
  for (const { spec, columns } of feeds) {
    const data = allocate(spec.datatype, size * columns.length) as Record<number, unknown>
    for (const [offset, column] of columns.entries()) {
      const source = values[first + offset] ?? []
      for (let row = 0; row < size; row += 1) {
        const value = source[start + row]
        if (value === null && spec.datatype !== 'FP32' && spec.datatype !== 'FP64')
          throw modelErrors.COLUMN_UNUSABLE(
            column,
            `row ${before + row} is empty, and only inputs of type FP32 and FP64 may be.`,
          )
        data[row * columns.length + offset] =
          value === null ? Number.NaN : typeof value === 'boolean' ? Number(value) : value
      }
    }
    first += columns.length
    tensors.set(spec.name, {
      name: spec.name,
      datatype: spec.datatype,
      shape: [size, ...spec.shape.slice(1).map((length) => (length === -1 ? columns.length : length))],
      data: data as unknown as Tensor['data'],
    })
  }
  return tensors
}

/** Collects the outputs in a table that the first batch gives its columns. */
async function openSink(
  connection: DuckDBConnection,
  outputs: Tensor[],
  size: number,
): Promise<{ append(rows: Tensor[], count: number): void; finish(): void; columns: string[] }> {
  const widthOf = (tensor: Tensor): number => (size > 0 ? tensor.data.length / size : (rowWidth(tensor) ?? 1))
  const named = outputs.map((tensor) => ({
    datatype: tensor.datatype as Datatype,
    columns: columnNames(tensor.name, widthOf(tensor)),
  }))
  const columns = named.flatMap((output) => output.columns)
  const types = [BIGINT, ...named.flatMap((output) => output.columns.map(() => sqlTypes[output.datatype].type))]
  await connection.run(
    `CREATE TABLE scores ("row" BIGINT, ${named.flatMap((output) => output.columns.map((column) => `${quoteName(column)} ${sqlTypes[output.datatype].name}`)).join(', ')})`,
  )
  const appender = await connection.createAppender('scores')
  let next = 0n
  return {
    columns,
    append: (tensors, count) => {
      const chunk = DuckDBDataChunk.create(types, count)
      chunk.setColumnValues(
        0,
        Array.from({ length: count }, (_, row) => next + BigInt(row)),
      )
      let column = 1
      for (const tensor of tensors) {
        const width = tensor.data.length / count
        for (let offset = 0; offset < width; offset += 1) {
          const bool = tensor.datatype === 'BOOL'
          chunk.setColumnValues(
            column,
            Array.from({ length: count }, (_, row) => {
              const value = tensor.data[row * width + offset]
              return (bool ? value === 1 : value) as DuckDBValue
            }),
          )
          column += 1
        }
      }
      appender.appendDataChunk(chunk)
      next += BigInt(count)
    },
    finish: () => appender.closeSync(),
  }
}
