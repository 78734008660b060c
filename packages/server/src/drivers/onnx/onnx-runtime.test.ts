import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tensor } from '../../kernel/ports/model-runtime.ts'
import expected from './fixtures/expected.json' with { type: 'json' }
import { createOnnxRuntime } from './onnx-runtime.ts'

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name)
const runtime = createOnnxRuntime()
let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trivium-onnx-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const column = (name: string, datatype: string, data: Tensor['data']): [string, Tensor] => [
  name,
  { name, datatype, shape: [data.length, 1], data },
]

describe('ONNX runtime', () => {
  test('a pipeline over named columns answers what scikit-learn answers', async () => {
    const { rows, label, probabilities } = expected.columns
    const model = await runtime.load(fixture('columns.onnx'))
    const outputs = await model.run(
      new Map([
        column(
          'origin',
          'BYTES',
          rows.map((row) => row.origin),
        ),
        column(
          'distance',
          'FP32',
          Float32Array.from(rows, (row) => row.distance),
        ),
        column(
          'hour',
          'INT64',
          BigInt64Array.from(rows, (row) => BigInt(row.hour)),
        ),
        column(
          'recent_delay',
          'FP32',
          Float32Array.from(rows, (row) => row.recent_delay),
        ),
      ]),
    )
    expect([...(outputs.get('label')?.data as BigInt64Array)].map(Number)).toEqual(label)
    const got = [...(outputs.get('probabilities')?.data as Float32Array)]
    for (const [index, value] of probabilities.flat().entries()) expect(got[index]).toBeCloseTo(value, 5)
    await model.close()
  })

  test('a matrix goes in as one tensor', async () => {
    const { rows, variable } = expected.regression
    const model = await runtime.load(fixture('regression.onnx'))
    expect(model.signature).toEqual({
      inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'variable', datatype: 'FP32', shape: [-1, 1] }],
    })
    const outputs = await model.run(
      new Map([['X', { name: 'X', datatype: 'FP32', shape: [5, 3], data: Float32Array.from(rows.flat()) }]]),
    )
    const got = [...(outputs.get('variable')?.data as Float32Array)]
    for (const [index, value] of variable.entries()) expect(got[index]).toBeCloseTo(value, 2)
    await model.close()
  })

  test('a file that is no model is refused by name', async () => {
    const path = join(directory, 'not-a-model.onnx')
    await writeFile(path, 'PK\u0003\u0004 this is a zip file')
    await expect(runtime.load(path)).rejects.toMatchObject({ code: 'MODEL.NOT_READABLE' })
  })

  test('a classifier with a ZipMap is refused with how to export it', async () => {
    await expect(runtime.load(fixture('zipmap.onnx'))).rejects.toThrow(/options=\{"zipmap": False\}/)
  })

  test('a tensor of a wrong shape is refused by the model', async () => {
    const model = await runtime.load(fixture('regression.onnx'))
    await expect(
      model.run(new Map([['X', { name: 'X', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }]])),
    ).rejects.toMatchObject({ code: 'MODEL.RUN_FAILED' })
    await expect(model.run(new Map())).rejects.toThrow('input "X" is missing')
    await model.close()
  })
})
