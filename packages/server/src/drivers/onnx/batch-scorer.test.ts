import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBatchScorer } from './batch-scorer.ts'
import expected from './fixtures/expected.json' with { type: 'json' }

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name)
let directory = ''
let scorer: ReturnType<typeof createBatchScorer>
const at = (name: string): string => join(directory, name)

async function duckdb(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson() as unknown[][]
  } finally {
    connection.disconnectSync()
    instance.closeSync()
  }
}
/** The scorers that this process has started. */
const scorers = (): number[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('scorer'))
const text = (value: string): string => `'${value}'`

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trivium-scorer-'))
  scorer = createBatchScorer({ tempDir: at('work') })
  const rows = expected.columns.rows
    .map((row) => `(${text(row.origin)}, ${row.distance}, ${row.hour}, ${row.recent_delay}, 'unused')`)
    .join(', ')
  await duckdb(
    `COPY (SELECT * FROM (VALUES ${rows}) t(origin, distance, hour, recent_delay, note)) TO ${text(at('rows.parquet'))} (FORMAT parquet)`,
  )
})
afterAll(async () => {
  await scorer.close()
  await rm(directory, { recursive: true, force: true })
})

describe('batch scorer', () => {
  test('the signature is read in the child', async () => {
    const signature = await scorer.inspect(fixture('columns.onnx'))
    expect(signature.inputs.map(({ name, datatype }) => [name, datatype])).toEqual([
      ['origin', 'BYTES'],
      ['distance', 'FP32'],
      ['hour', 'INT64'],
      ['recent_delay', 'FP32'],
    ])
  })

  test('a table is scored in the order of its rows, columns matched by name', async () => {
    const result = await scorer.score({
      modelPath: fixture('columns.onnx'),
      rowsPath: at('rows.parquet'),
      outputPath: at('scores.parquet'),
    })
    expect(result).toEqual({ rows: 5, columns: ['label', 'probabilities_0', 'probabilities_1'] })
    const rows = await duckdb(
      `SELECT "row"::INTEGER, label::INTEGER, probabilities_1 FROM read_parquet(${text(at('scores.parquet'))})`,
    )
    for (const [index, row] of rows.entries()) {
      expect(row.slice(0, 2)).toEqual([index, expected.columns.label[index]])
      expect(row[2]).toBeCloseTo(expected.columns.probabilities[index]?.[1] ?? Number.NaN, 5)
    }
  })

  test('a single matrix input takes the named columns in their order', async () => {
    await duckdb(
      `COPY (SELECT i::DOUBLE AS c, 1.0 AS b, 2.0 AS a FROM range(5000) t(i)) TO ${text(at('matrix.parquet'))} (FORMAT parquet)`,
    )
    const request = {
      modelPath: fixture('regression.onnx'),
      rowsPath: at('matrix.parquet'),
      outputPath: at('matrix-scores.parquet'),
    }
    expect(await scorer.score({ ...request, featureNames: ['a', 'b', 'c'] })).toEqual({
      rows: 5000,
      columns: ['variable'],
    })
    // The third feature counts twice, plus one.
    expect(
      await duckdb(
        `SELECT max(abs(variable - (2 * "row" + 1))) < 0.1, count(*)::INTEGER FROM read_parquet(${text(at('matrix-scores.parquet'))})`,
      ),
    ).toEqual([[true, 5000]])
    await expect(scorer.score({ ...request, featureNames: ['a', 'b'] })).rejects.toMatchObject({
      code: 'MODEL.COLUMNS_MISSING',
    })
  })

  test('a table without rows gives a table without rows', async () => {
    await duckdb(
      `COPY (SELECT * FROM read_parquet(${text(at('rows.parquet'))}) WHERE false) TO ${text(at('none.parquet'))} (FORMAT parquet)`,
    )
    const result = await scorer.score({
      modelPath: fixture('columns.onnx'),
      rowsPath: at('none.parquet'),
      outputPath: at('none-scores.parquet'),
    })
    expect(result).toEqual({ rows: 0, columns: ['label', 'probabilities_0', 'probabilities_1'] })
    expect(await duckdb(`SELECT * FROM read_parquet(${text(at('none-scores.parquet'))})`)).toEqual([])
  })

  test('a missing column, a column of words and an empty text are each named', async () => {
    const score = (rowsPath: string) =>
      scorer.score({ modelPath: fixture('columns.onnx'), rowsPath, outputPath: at('bad-scores.parquet') })
    const rows = text(at('rows.parquet'))
    await duckdb(
      `COPY (SELECT * EXCLUDE (hour) FROM read_parquet(${rows})) TO ${text(at('no-hour.parquet'))} (FORMAT parquet)`,
    )
    await expect(score(at('no-hour.parquet'))).rejects.toThrow('The rows have no column for the model\'s input "hour".')
    await duckdb(
      `COPY (SELECT * REPLACE ('far' AS distance) FROM read_parquet(${rows})) TO ${text(at('words.parquet'))} (FORMAT parquet)`,
    )
    await expect(score(at('words.parquet'))).rejects.toThrow(/Column "distance" cannot be fed to the model/)
    await duckdb(
      `COPY (SELECT * REPLACE (NULL::VARCHAR AS origin) FROM read_parquet(${rows})) TO ${text(at('empty.parquet'))} (FORMAT parquet)`,
    )
    await expect(score(at('empty.parquet'))).rejects.toThrow(/row 0 is empty/)
  })

  test('a file that is no model is refused, and the scorer goes on', async () => {
    await writeFile(at('bad.onnx'), Buffer.alloc(2000, 7))
    await expect(scorer.inspect(at('bad.onnx'))).rejects.toMatchObject({ code: 'MODEL.NOT_READABLE' })
    await copyFile(fixture('matrix.onnx'), at('good.onnx'))
    expect((await scorer.inspect(at('good.onnx'))).outputs.map((output) => output.name)).toEqual([
      'label',
      'probabilities',
    ])
  })

  test('a scorer that is killed while it reads a model does not blame the file', async () => {
    // Nobody writes into the pipe, so that the scorer waits in it.
    execFileSync('mkfifo', [at('pipe.onnx')])
    const read = scorer.inspect(at('pipe.onnx'))
    read.catch(() => {})
    await expect.poll(scorers).toHaveLength(1)
    for (const pid of scorers()) process.kill(pid, 'SIGKILL')
    await expect(read).rejects.toMatchObject({ code: 'MODEL.SCORER_LOST' })
    expect((await scorer.inspect(fixture('matrix.onnx'))).inputs).toHaveLength(1)
  })

  test('an aborted score ends', async () => {
    await duckdb(
      `COPY (SELECT i::DOUBLE AS a, 1.0 AS b, 2.0 AS c FROM range(2000000) t(i)) TO ${text(at('big.parquet'))} (FORMAT parquet)`,
    )
    const abort = new AbortController()
    const scored = scorer.score({
      modelPath: fixture('regression.onnx'),
      rowsPath: at('big.parquet'),
      outputPath: at('big-scores.parquet'),
      featureNames: ['a', 'b', 'c'],
      signal: abort.signal,
    })
    setTimeout(() => abort.abort(), 100)
    await expect(scored).rejects.toMatchObject({ code: 'MODEL.CANCELLED' })
    expect((await scorer.inspect(fixture('matrix.onnx'))).inputs).toHaveLength(1)
  })
})
