import { planRelease, type ReleasePlan } from '../kernel/models/index.ts'
import type { GatewayRelease } from '../kernel/ports/gateway.ts'
import type { LoadedModel, ModelRuntime, Tensor, TensorSpec } from '../kernel/ports/model-runtime.ts'
import type { InputValue } from './check-value.ts'

/** The answer for the rows of one request: each output's values, row by row. */
export interface OutputColumn {
  readonly name: string
  readonly datatype: string
  /** Shape with the request's own number of rows first. */
  readonly shape: readonly number[]
  readonly width: number
  readonly data: ArrayLike<number | bigint | string>
}

/** A release whose model is loaded and warm. */
export interface LiveRelease {
  readonly release: GatewayRelease
  readonly plan: ReleasePlan
  /** Runs the model on the values of one request; rows of requests that wait together go through the model together. */
  run(count: number, inputs: InputValue[][]): Promise<OutputColumn[]>
  /** True while so many requests wait that no more should. */
  isFull(): boolean
  /** Closes the model once nothing runs any more. */
  retire(): void
}

/** More rows go through the model in several runs, so that one large request does not hold up the others for long. */
const mostRows = 1024
/** Requests that wait for the model; more are refused at once, so that those that wait are answered in time. */
const mostWaiting = 2048

interface Piece {
  count: number
  inputs: InputValue[][]
  start: number
  resolve(outputs: OutputColumn[]): void
  reject(error: unknown): void
}

/** Loads a release and runs it on zeros, so that the first request finds it warm. */
export async function loadRelease(runtime: ModelRuntime, release: GatewayRelease): Promise<LiveRelease> {
  const plan = planRelease(release.manifest)
  const model = await runtime.load(release.modelPath)
  const live = startRelease(release, plan, model)
  for (const count of plan.oneByOne ? [1, 1] : [1, 1, 8]) {
    const zeros = plan.inputs.map(({ spec, width }) =>
      new Array<InputValue>(count * width).fill(spec.datatype === 'BYTES' ? '' : spec.datatype === 'BOOL' ? false : 0),
    )
    // Zeros may lie outside what the model takes; it is warm all the same.
    await live.run(count, zeros).catch(() => {})
  }
  return live
}

function startRelease(release: GatewayRelease, plan: ReleasePlan, model: LoadedModel): LiveRelease {
  const waiting: Piece[] = []
  let running = false
  /** The last run took several requests: more come in one turn of the event loop than one. */
  let company = false
  let retired = false
  let active = 0
  const largest = plan.oneByOne ? 1 : mostRows

  // Work-conserving batches: whatever waits when the model is free goes through it at once; nobody waits for company.
  async function drain(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const batch: Piece[] = []
      let rows = 0
      while (waiting[0] && (batch.length === 0 || rows + waiting[0].count <= largest)) {
        const piece = waiting.shift() as Piece
        batch.push(piece)
        rows += piece.count
      }
      company = batch.length > 1
      await runBatch(plan, model, batch, rows)
    }
    running = false
  }

  const runPiece = (count: number, inputs: InputValue[][], start: number): Promise<OutputColumn[]> =>
    new Promise((resolve, reject) => {
      waiting.push({ count, inputs, start, resolve, reject })
      if (running) return
      running = true
      // The turn of the event loop that brought this request may bring more; where none came lately, it is not waited for.
      if (company) setImmediate(() => void drain())
      else void drain()
    })

  async function runAll(count: number, inputs: InputValue[][]): Promise<OutputColumn[]> {
    if (count <= largest) return runPiece(count, inputs, 0)
    const pieces: OutputColumn[][] = []
    for (let start = 0; start < count; start += largest)
      pieces.push(await runPiece(Math.min(largest, count - start), inputs, start))
    return joinPieces(pieces, count)
  }

  const closeWhenIdle = (): void => {
    if (retired && active === 0) void model.close()
  }

  return {
    release,
    plan,
    isFull: () => waiting.length >= mostWaiting,
    run: async (count, inputs) => {
      active += 1
      try {
        return await runAll(count, inputs)
      } finally {
        active -= 1
        closeWhenIdle()
      }
    },
    retire: () => {
      if (retired) return
      retired = true
      closeWhenIdle()
    },
  }
}

async function runBatch(plan: ReleasePlan, model: LoadedModel, batch: Piece[], rows: number): Promise<void> {
  try {
    const tensors = new Map<string, Tensor>()
    for (const [index, { spec, width }] of plan.inputs.entries())
      tensors.set(spec.name, tensorOf(spec, width, index, batch, rows))
    const outputs = [...(await model.run(tensors)).values()]
    let start = 0
    for (const piece of batch) {
      piece.resolve(outputs.map((output) => sliceOutput(output, rows, start, piece.count)))
      start += piece.count
    }
  } catch (error) {
    if (batch.length === 1) batch[0]?.reject(error)
    // One request's values may break the run for all: each gets its own.
    else for (const piece of batch) await runBatch(plan, model, [piece], piece.count)
  }
}

function tensorOf(spec: TensorSpec, width: number, input: number, batch: Piece[], rows: number): Tensor {
  const length = rows * width
  const shape = [rows, ...spec.shape.slice(1).map((size) => (size === -1 ? width : size))]
  const values = (each: (value: InputValue, index: number) => void): void => {
    let index = 0
    for (const piece of batch) {
      const source = piece.inputs[input] as InputValue[]
      const from = piece.start * width
      for (let at = from; at < from + piece.count * width; at += 1) {
        each(source[at] as InputValue, index)
        index += 1
      }
    }
  }
  const tensor = (data: Tensor['data']): Tensor => ({ name: spec.name, datatype: spec.datatype, shape, data })
  if (spec.datatype === 'BYTES') {
    const text = new Array<string>(length)
    values((value, index) => {
      text[index] = value as string
    })
    return tensor(text)
  }
  if (spec.datatype === 'INT64') {
    const whole = new BigInt64Array(length)
    values((value, index) => {
      whole[index] = BigInt(value as number | bigint)
    })
    return tensor(whole)
  }
  const numbers =
    spec.datatype === 'FP32'
      ? new Float32Array(length)
      : spec.datatype === 'FP64'
        ? new Float64Array(length)
        : spec.datatype === 'INT32'
          ? new Int32Array(length)
          : new Uint8Array(length)
  values((value, index) => {
    numbers[index] = Number(value)
  })
  return tensor(numbers)
}

function sliceOutput(output: Tensor, rows: number, start: number, count: number): OutputColumn {
  const width = output.data.length / rows
  return {
    name: output.name,
    datatype: output.datatype,
    shape: [count, ...output.shape.slice(1)],
    width,
    data: count === rows ? output.data : output.data.slice(start * width, (start + count) * width),
  }
}

function joinPieces(pieces: OutputColumn[][], count: number): OutputColumn[] {
  return (pieces[0] ?? []).map((first, index) => ({
    ...first,
    shape: [count, ...first.shape.slice(1)],
    data: pieces.flatMap((piece) => Array.from(piece[index]?.data ?? [])),
  }))
}
