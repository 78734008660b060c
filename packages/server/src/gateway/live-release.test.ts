import type { ReleaseManifest } from '@trivium/contract'
import { describe, expect, test } from 'vitest'
import { modelErrors } from '../kernel/ports/model-errors.ts'
import type { ModelRuntime, Tensor } from '../kernel/ports/model-runtime.ts'
import { loadRelease } from './live-release.ts'

const signature = {
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 1] }],
  outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
}
const manifest: ReleaseManifest = {
  format: 'onnx',
  model: 'double',
  version: 1,
  modelUrn: 'trivium://p/model/double@1',
  file: { digest: 'a'.repeat(64), size: 1, path: 'model.onnx' },
  signature,
  featureNames: [],
  features: [],
  runtime: { intraOpThreads: 1 },
  evidence: [],
}

/** A runtime whose model doubles, refuses negative numbers, and tells what it was given. */
function doubling() {
  const batches: number[][] = []
  let closed = false
  const runtime: ModelRuntime = {
    format: 'onnx',
    load: async () => ({
      signature,
      run: async (inputs) => {
        const values = [...((inputs.get('x') as Tensor).data as Float64Array)]
        batches.push(values)
        await new Promise((resolve) => setImmediate(resolve))
        if (values.some((value) => value < 0)) throw modelErrors.RUN_FAILED('negative')
        return new Map([
          [
            'y',
            {
              name: 'y',
              datatype: 'FP64',
              shape: [values.length, 1],
              data: Float64Array.from(values, (value) => value * 2),
            },
          ],
        ])
      },
      close: async () => {
        closed = true
      },
    }),
  }
  return { runtime, batches, isClosed: () => closed }
}
const release = { id: 'rel_1', manifest, modelPath: '', views: [] }
const values = async (answer: Promise<{ data: ArrayLike<unknown> }[]>) => Array.from((await answer)[0]?.data ?? [])

describe('a live release', () => {
  test('requests that wait together go through the model together, and each gets its own rows', async () => {
    const { runtime, batches } = doubling()
    const live = await loadRelease(runtime, release)
    batches.length = 0
    const several = () =>
      Promise.all([values(live.run(1, [[1]])), values(live.run(2, [[2, 3]])), values(live.run(1, [[4]]))])
    expect(await several()).toEqual([[2], [4, 6], [8]])
    // Nobody came before, so the first does not wait; from then on company is expected.
    expect(batches).toEqual([[1], [2, 3, 4]])
    batches.length = 0
    expect(await several()).toEqual([[2], [4, 6], [8]])
    expect(batches).toEqual([[1, 2, 3, 4]])
  })

  test('a request that comes alone does not wait for a turn of the event loop', async () => {
    const { runtime, batches } = doubling()
    const live = await loadRelease(runtime, release)
    await Promise.all([values(live.run(1, [[1]])), values(live.run(1, [[2]])), values(live.run(1, [[3]]))])
    await values(live.run(1, [[4]]))
    batches.length = 0
    const answer = values(live.run(1, [[5]]))
    expect(batches).toEqual([[5]])
    expect(await answer).toEqual([10])
  })

  test('a request that breaks the run breaks no other', async () => {
    const { runtime } = doubling()
    const live = await loadRelease(runtime, release)
    const [good, bad, also] = await Promise.allSettled([
      values(live.run(1, [[1]])),
      values(live.run(1, [[-1]])),
      values(live.run(1, [[3]])),
    ])
    expect([good, also]).toEqual([
      { status: 'fulfilled', value: [2] },
      { status: 'fulfilled', value: [6] },
    ])
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'MODEL.RUN_FAILED' } })
  })

  test('a large request goes in pieces and comes back whole, in order', async () => {
    const { runtime, batches } = doubling()
    const live = await loadRelease(runtime, release)
    batches.length = 0
    const rows = Array.from({ length: 2500 }, (_, index) => index)
    expect(await values(live.run(2500, [rows]))).toEqual(rows.map((value) => value * 2))
    expect(batches.map((batch) => batch.length)).toEqual([1024, 1024, 452])
  })

  test('a retired release answers what it took and then closes its model', async () => {
    const { runtime, isClosed } = doubling()
    const live = await loadRelease(runtime, release)
    const answer = values(live.run(3000, [Array.from({ length: 3000 }, () => 1)]))
    live.retire()
    expect(isClosed()).toBe(false)
    expect(await answer).toHaveLength(3000)
    expect(isClosed()).toBe(true)
  })

  test('it says when too many requests wait', async () => {
    const { runtime } = doubling()
    const live = await loadRelease(runtime, release)
    // One is in the model, the others wait for it.
    const answers = Array.from({ length: 2049 }, (_, index) => values(live.run(1, [[index]])))
    expect(live.isFull()).toBe(true)
    expect((await Promise.all(answers))[2048]).toEqual([4096])
    expect(live.isFull()).toBe(false)
  })

  test('a model whose first dimension is fixed gets one row at a time', async () => {
    const { runtime, batches } = doubling()
    const fixed = { ...manifest, signature: { ...signature, inputs: [{ name: 'x', datatype: 'FP64', shape: [1, 1] }] } }
    const live = await loadRelease(runtime, { ...release, manifest: fixed })
    batches.length = 0
    expect(await values(live.run(3, [[1, 2, 3]]))).toEqual([2, 4, 6])
    expect(batches).toEqual([[1], [2], [3]])
  })
})
